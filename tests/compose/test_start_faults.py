"""A process that cannot start says in one line what is wrong, and ends or waits; it never spins, and is seen unhealthy."""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.compose.containers import ContainerInstallation, container_installation

pytestmark = pytest.mark.compose

WRONG = "postgresql+psycopg://intake:a-wrong-password-of-thirty-two@postgres:5432/intake"
# 40 seconds of start-up, then six failures with ten seconds between; the machine may be busy.
DECIDED_SECONDS = 240


def started(installation: ContainerInstallation, service: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """One more container of a service, with another environment, until it ends."""
    told = [part for name, value in environment.items() for part in ("--env", f"{name}={value}")]
    return installation.attempt("run", "--rm", "--no-deps", "-T", *told, service)


def said(outcome: subprocess.CompletedProcess[str]) -> list[str]:
    """What the process itself wrote; compose tells of containers with a leading blank."""
    return [line for line in outcome.stderr.splitlines() if line.strip() and not line.startswith(" ")]


@pytest.mark.parametrize(
    ("service", "variable", "value", "expected"),
    [
        ("intake-bus", "LINGJUN_BROKER_URL", "amqp://intake:guest@rabbitmq:5672/lingjun", "密码缺失或太短"),
        ("review-worker", "LINGJUN_REDIS_URL", "redis://redis:6379/1", "密码缺失或太短"),
        ("billing-web", "LINGJUN_DATABASE_URL", "postgresql+psycopg://billing@postgres/billing", "密码缺失或太短"),
        ("portal-web", "LINGJUN_LOG_DAYS", "soon", "设置有误"),
        ("intake-migrate", "LINGJUN_DATABASE_URL", WRONG, "password authentication failed"),
    ],
)
def test_a_setting_that_cannot_work_ends_the_process_with_one_line(
    installation: ContainerInstallation, service: str, variable: str, value: str, expected: str
) -> None:
    outcome = started(installation, service, **{variable: value})
    assert outcome.returncode != 0
    (line,) = said(outcome)
    assert variable in line
    assert expected in line
    assert value not in line


def test_a_schema_newer_than_the_code_is_refused_and_left_as_it_is(installation: ContainerInstallation) -> None:
    psql = ("exec", "-T", "postgres", "psql", "-U", "postgres", "-d", "intake", "-c")
    installation.compose(*psql, "INSERT INTO alembic_version VALUES ('intake_9999')")
    try:
        outcome = started(installation, "intake-migrate")
        (line,) = said(outcome)
        assert outcome.returncode == 2
        assert "结构(intake_9999)比程序新:请升级程序,或恢复较早的备份" in line
    finally:
        installation.compose(*psql, "DELETE FROM alembic_version WHERE version_num = 'intake_9999'")


def away(host: str) -> str:
    return f"amqp://intake:a-wrong-password-of-thirty-two@{host}:5672/lingjun"


# What waits for what, by a name for the test: service, variable, value, and what its log says.
WAITING = {
    "a bus, its database refusing": ("intake-bus", "LINGJUN_DATABASE_URL", WRONG, "password authentication failed"),
    "a bus, its broker refusing": ("intake-bus", "LINGJUN_BROKER_URL", away("rabbitmq"), "ACCESS_REFUSED"),
    "a bus, its broker nowhere": ("intake-bus", "LINGJUN_BROKER_URL", away("nowhere"), "nowhere"),
    "a worker, its broker nowhere": ("intake-worker", "LINGJUN_BROKER_URL", away("nowhere"), "nowhere"),
    "a web server, its database refusing": (
        "intake-web",
        "LINGJUN_DATABASE_URL",
        WRONG,
        "password authentication failed",
    ),
}


def state_of(container: str) -> dict[str, Any]:
    state: dict[str, Any] = json.loads(subprocess.check_output(["docker", "inspect", container]))[0]["State"]
    return state


@pytest.fixture(scope="module")
def waiting(installation: ContainerInstallation) -> Iterator[dict[str, str]]:
    """One more container for each of WAITING, by its name; looked at once the engine has made up its mind about all."""
    containers = {}
    try:
        for name, (service, variable, value, _) in WAITING.items():
            started = installation.compose("run", "--detach", "--no-deps", "--env", f"{variable}={value}", service)
            containers[name] = started.split()[-1]
        ends = time.monotonic() + DECIDED_SECONDS
        while time.monotonic() < ends and any(
            state_of(one)["Health"]["Status"] == "starting" for one in containers.values()
        ):
            time.sleep(2)
        yield containers
    finally:
        for container in containers.values():
            subprocess.run(["docker", "rm", "--force", container], check=True, capture_output=True)


@pytest.mark.parametrize("name", WAITING)
def test_a_process_without_its_servers_waits_with_pauses_says_why_and_is_unhealthy(
    waiting: dict[str, str], name: str
) -> None:
    state = state_of(waiting[name])
    assert state["Running"]
    assert state["Health"]["Status"] == "unhealthy"
    told = subprocess.run(["docker", "logs", waiting[name]], capture_output=True, text=True, check=True)
    lines = (told.stdout + told.stderr).splitlines()
    assert any(WAITING[name][3] in line for line in lines)
    # A line for each try, or for each time that it is asked, in the two minutes and more that it has run by now.
    assert len(lines) < 150
    assert "a-wrong-password" not in told.stdout + told.stderr


@pytest.fixture
def small_disk() -> Iterator[str]:
    """A volume of a hundred megabytes for the house's user."""
    name = f"lingjun-test-small-{os.getpid()}"
    options = ("type=tmpfs", "device=tmpfs", "o=size=100m,uid=10001,gid=10001,mode=750")
    told = [part for option in options for part in ("--opt", option)]
    subprocess.run(["docker", "volume", "create", *told, name], check=True, capture_output=True)
    yield name
    subprocess.run(["docker", "volume", "rm", name], check=True, capture_output=True)


def test_a_disk_without_room_for_scans_makes_the_web_server_unready_until_there_is_room(
    installation: ContainerInstallation, small_disk: str
) -> None:
    volume = f"{small_disk}:/var/lib/lingjun/files"
    container = installation.compose("run", "--detach", "--no-deps", "--volume", volume, "intake-web").split()[-1]
    ask = "import httpx; print(httpx.get('http://127.0.0.1:8000/intake/readyz').text)"

    def inside(*command: str) -> str:
        return subprocess.run(
            ["docker", "exec", container, *command], capture_output=True, text=True, check=False
        ).stdout

    try:
        ends = time.monotonic() + DECIDED_SECONDS
        while "ready" not in inside("python", "-c", ask) and time.monotonic() < ends:
            time.sleep(1)
        assert json.loads(inside("python", "-c", ask)) == {"status": "ready", "faults": {}}
        inside("dd", "if=/dev/zero", "of=/var/lib/lingjun/files/filler", "bs=1M", "count=200")
        assert json.loads(inside("python", "-c", ask)) == {"status": "waiting", "faults": {"files": "OSError"}}
        told = subprocess.run(["docker", "logs", container], capture_output=True, text=True, check=True)
        assert "磁盘将满：请清理或扩容" in told.stdout + told.stderr
        inside("rm", "/var/lib/lingjun/files/filler")
        assert json.loads(inside("python", "-c", ask)) == {"status": "ready", "faults": {}}
    finally:
        subprocess.run(["docker", "rm", "--force", container], check=True, capture_output=True)


@pytest.fixture
def full_database(tmp_path: Path) -> Iterator[ContainerInstallation]:
    """A house whose PostgreSQL stands alone, on a disk that holds its empty databases and then no more."""
    with container_installation(tmp_path, "tests/compose/small.yml", start="postgres") as installation:
        installation.attempt("exec", "-T", "postgres", "dd", "if=/dev/zero", "of=/var/lib/postgresql/data/filler", "bs=64k")
        yield installation


def test_a_database_without_room_is_named_and_goes_on_when_there_is_room(full_database: ContainerInstallation) -> None:
    outcome = started(full_database, "intake-migrate")
    assert outcome.returncode == 2
    (line,) = said(outcome)
    assert "数据库 intake 无法使用" in line
    assert "No space left on device" in line
    ends = time.monotonic() + DECIDED_SECONDS
    while (health := full_database.container_of("postgres")["Health"])["Status"] == "healthy":
        assert time.monotonic() < ends
        time.sleep(2)
    assert health["Log"][-1]["Output"] == "less than 64 MB are left for the databases: make room\n"
    full_database.compose("exec", "-T", "postgres", "rm", "/var/lib/postgresql/data/filler")
    assert started(full_database, "intake-migrate").returncode == 0
