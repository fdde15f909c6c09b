"""Fixtures for all tests: real servers (started on first use, once per run) and a real browser.

The terminal summary lists the tests that could not run. With the environment variable CI set, these fail the run.
"""

import os
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.servers import packages, rabbitmq
from tests.servers.address import Address, servers_used

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

# Modules with large clients (Playwright, psycopg, redis) are imported by the first test that needs them, so that the tests
# of rules start fast.
KEEPER, POSTGRES, BROWSER = "tests.servers.keeper", "tests.servers.postgres", "tests.browser"


# No deadline for an example: on a busy machine it fails a test that holds.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--examples", type=int, default=12, help="calls that tests/limits/test_schema.py generates each")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node) -> None:  # a hook of pytest-xdist
    """Pass the controller's process id to each worker: the servers end with that process."""
    node.workerinput["run_pid"] = os.getpid()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the servers in use and all tests that did not run."""
    not_run = terminalreporter.stats.get("skipped", [])
    used = servers_used(_run_directory(config))
    if used:
        terminalreporter.write_line(f"Servers: {', '.join(used)}")
    if not_run:
        terminalreporter.section("not run")
    for reason in sorted({report.longrepr[-1] for report in not_run}):
        terminalreporter.write_line(reason.removeprefix("Skipped: "))
        for report in not_run:
            if report.longrepr[-1] == reason:
                terminalreporter.write_line(f"  {report.nodeid}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run in CI if a test did not run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _run_directory(config: pytest.Config) -> Path:
    """Return the shared directory of a run's workers, in the run's base temporary directory."""
    base: Path = config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
    directory = (base.parent if hasattr(config, "workerinput") else base) / "servers"
    directory.mkdir(exist_ok=True)
    return directory


def _server(name: str, config: pytest.Config) -> Address:
    if os.environ.get("LINGJUN_TEST_SERVERS") == "none":
        pytest.fail("This test needs a server and does not belong to `make quick`.")
    run_pid = config.workerinput["run_pid"] if hasattr(config, "workerinput") else os.getpid()
    keeper = import_module(KEEPER)
    try:
        address: Address = keeper.address_of(name, _run_directory(config), run_pid)
    except keeper.NotHere as missing:
        pytest.skip(str(missing))
    return address


@pytest.fixture(scope="session")
def rabbitmq_server(pytestconfig: pytest.Config) -> Address:
    """The run's RabbitMQ, for tests that create virtual hosts (tests.servers.rabbitmq.virtual_host)."""
    return _server("rabbitmq", pytestconfig)


@pytest.fixture(scope="module")
def rabbitmq_url(rabbitmq_server: Address) -> Iterator[str]:
    """An empty virtual host for this module: amqp://user:password@127.0.0.1:port/vhost."""
    with rabbitmq.virtual_host(rabbitmq_server, f"test-{uuid.uuid4().hex}") as url:
        yield url


@pytest.fixture(scope="session")
def postgres_server(pytestconfig: pytest.Config) -> Address:
    """The run's PostgreSQL, for fixtures whose databases outlive a test (tests.servers.postgres.database)."""
    return _server("postgres", pytestconfig)


@pytest.fixture
def postgres_url(postgres_server: Address) -> Iterator[Callable[[str], str]]:
    """A function that creates an empty database for this test, postgresql+psycopg://…, and drops it afterwards."""
    with ExitStack() as databases:

        def make(name: str) -> str:
            unique = f"{name}_{uuid.uuid4().hex[:12]}"
            url: str = databases.enter_context(import_module(POSTGRES).database(postgres_server, unique))
            return url

        yield make


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database: each test runs once with a SQLite file and once with PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'test.db'}"
    make: Callable[[str], str] = request.getfixturevalue("postgres_url")
    return make("test")


@pytest.fixture(scope="session")
def redis_server(pytestconfig: pytest.Config) -> Address:
    """The run's Redis."""
    return _server("redis", pytestconfig)


@pytest.fixture
def redis_url(redis_server: Address) -> Iterator[str]:
    """An empty Redis database with this worker's number: redis://…; flushed after the test."""
    number = int(re.sub(r"\D", "", os.environ.get("PYTEST_XDIST_WORKER", "gw0")))
    url = f"redis://{redis_server.user}:{redis_server.password}@127.0.0.1:{redis_server.port}/{number}"
    with import_module("redis").Redis.from_url(url) as client:
        client.flushdb()
        yield url
        client.flushdb()


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The path of the browser, for Playwright's executable_path."""
    found = packages.chromium()
    if found is None:
        pytest.skip("chromium is not installed: python -m tests.servers install (as root on Debian or Ubuntu)")
    return found


@pytest.fixture(scope="module")
def browser(chromium: Path) -> "Iterator[Browser]":
    """A headless browser for one module. A longer-lived Playwright event loop breaks asyncio.run in later modules."""
    with import_module(BROWSER).launched(chromium) as browser:
        yield browser


@pytest.fixture
def browser_problems() -> list[str]:
    """Console errors and requests to other hosts so far. A test that provokes one asserts it and clears the list."""
    return []


@pytest.fixture
def browser_context(browser: "Browser", browser_problems: list[str]) -> "Iterator[BrowserContext]":
    """A fresh profile in Chinese. Any console error or request to another host fails the test."""
    with import_module(BROWSER).fresh_profile(browser, browser_problems) as context:
        yield context
    assert browser_problems == []


@pytest.fixture
def browser_page(browser_context: "BrowserContext") -> "Page":
    """A page of the fresh profile."""
    return browser_context.new_page()
