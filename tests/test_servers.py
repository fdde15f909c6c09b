"""Tests that each server of a test run works, and that no process and no data survive the run."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import aio_pika
import psycopg
import pytest
from playwright.sync_api import Page
from redis import Redis

from tests.servers import keeper, packages


def test_a_message_published_to_a_quorum_queue_is_consumed(rabbitmq_url: str) -> None:
    async def publish_and_consume() -> bytes:
        async with await aio_pika.connect(rabbitmq_url) as connection:
            channel = await connection.channel(publisher_confirms=True)
            queue = await channel.declare_queue("applications", durable=True, arguments={"x-queue-type": "quorum"})
            message = aio_pika.Message("报名".encode(), delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
            await channel.default_exchange.publish(message, routing_key="applications")
            received = await queue.get(timeout=30)
            await received.ack()
            return received.body

    assert asyncio.run(publish_and_consume()).decode() == "报名"


def test_postgresql_runs_with_durability_on(postgres_url: Callable[[str], str]) -> None:
    address = postgres_url("durability").replace("+psycopg", "")
    with psycopg.connect(address) as connection:
        version = connection.execute("SELECT version()").fetchone()
        settings = connection.execute("SELECT current_setting('fsync'), current_setting('server_encoding')").fetchone()
    assert version is not None
    assert version[0].startswith("PostgreSQL ")
    assert settings == ("on", "UTF8")


def test_two_databases_of_one_test_are_isolated(postgres_url: Callable[[str], str]) -> None:
    first, second = (postgres_url(name).replace("+psycopg", "") for name in ("intake", "review"))
    with psycopg.connect(first) as connection:
        connection.execute("CREATE TABLE application (id int)")
    with psycopg.connect(second) as connection:
        found = connection.execute("SELECT to_regclass('application')").fetchone()
    assert found == (None,)


def test_a_database_address_names_an_empty_database(database_url: str) -> None:
    assert database_url.startswith(("sqlite:////", "postgresql+psycopg://"))


def test_redis_returns_a_stored_value(redis_url: str) -> None:
    with Redis.from_url(redis_url) as client:
        client.set("姓名", "张三")
        assert client.get("姓名") == "张三".encode()


def test_a_page_in_chinese_is_rendered_with_a_chinese_font(browser_page: Page, tmp_path: Path) -> None:
    browser_page.set_content("<html lang=zh-CN><body style='font-size:40px'><h1>领军人才</h1></body></html>")
    assert browser_page.locator("h1").inner_text() == "领军人才"
    assert browser_page.evaluate("navigator.language") == "zh-CN"
    first = browser_page.locator("h1").screenshot(path=tmp_path / "first.png")
    browser_page.set_content("<html lang=zh-CN><body style='font-size:40px'><h1>报名系统</h1></body></html>")
    assert browser_page.locator("h1").screenshot() != first, "every character is drawn as the same box"


def test_a_console_error_and_a_request_to_another_host_are_recorded(
    browser_page: Page, browser_problems: list[str]
) -> None:
    browser_page.set_content("<script>console.error('坏了')</script><img src='http://127.0.0.2:9/x.png'>")
    browser_page.wait_for_load_state()
    assert any("坏了" in problem for problem in browser_problems)
    assert any("127.0.0.2" in problem for problem in browser_problems)
    browser_problems.clear()


def test_a_second_install_finds_no_missing_packages() -> None:
    installed = subprocess.run(
        [sys.executable, "-m", "tests.servers", "install"], capture_output=True, text=True, check=True
    )
    assert (packages.missing_packages(), installed.stdout, installed.stderr) == ([], "", "")


HOLDER = """
import os, pathlib, sys
from tests.servers import keeper
for name in ("redis", "postgres", "rabbitmq"):
    keeper.address_of(name, pathlib.Path(sys.argv[1]), os.getpid())
print("started", flush=True)
sys.stdin.read()
"""


@contextmanager
def run_with_all_servers(run_directory: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """Start a process that runs the three servers as private instances. Yields it and the servers' working folder."""
    if not all(find() for find in keeper.PROGRAMS.values()):
        pytest.skip("a private server is not installed: python -m tests.servers install (as root on Debian or Ubuntu)")
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="lingjun-survivors-") as folder:
        working = Path(folder)
        working.chmod(0o755)
        with subprocess.Popen(
            [sys.executable, "-c", HOLDER, run_directory],
            env=os.environ | {"TMPDIR": folder, "DOCKER_HOST": "unix:///nowhere"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "started\n"
            yield holder, working
            holder.kill()


def survivors(working: Path) -> list[str]:
    """Return the command lines of processes whose working directory is in the folder, as far as this user may see."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (process / "cwd").readlink().is_relative_to(working):
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return found


def wait_until(condition: Callable[[], bool]) -> bool:
    """Poll the condition for up to a minute. Return its last value."""
    deadline = time.monotonic() + 60
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.1)
    return condition()


def test_no_server_and_no_data_survive_a_killed_test_run(tmp_path: Path) -> None:
    with run_with_all_servers(tmp_path) as (run, working):
        assert len(survivors(working)) >= 4
        run.kill()
        run.wait()
        assert wait_until(lambda: survivors(working) == []), survivors(working)
        assert wait_until(lambda: list(working.iterdir()) == [])


def test_no_server_survives_its_killed_keeper(tmp_path: Path) -> None:
    with run_with_all_servers(tmp_path) as (_, working):
        for directory in working.iterdir():
            os.kill(int(directory.name.rpartition("-")[2]), signal.SIGKILL)
        assert wait_until(lambda: survivors(working) == []), survivors(working)
