"""A process that cannot start reports the error in one line, and exits or waits; it never spins and is unhealthy."""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.compose.containers import ContainerInstallation, container_installation

pytestmark = pytest.mark.compose

WRONG = "postgresql+psycopg://intake:a-wrong-password-of-thirty-two@postgres:5432/intake"
# Two minutes of start-up, then six failures ten seconds apart; the machine may be busy.
DECIDED_SECONDS = 330


def run_once(installation: ContainerInstallation, service: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run one more container of a service with a changed environment, until it exits."""
    options = [part for name, value in environment.items() for part in ("--env", f"{name}={value}")]
    return installation.attempt("run", "--rm", "--no-deps", "-T", *options, service)


def process_output(outcome: subprocess.CompletedProcess[str]) -> list[str]:
    """Return the lines of the process itself; compose writes its own lines with a leading blank."""
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
def test_an_invalid_setting_ends_the_process_with_one_line(
    installation: ContainerInstallation, service: str, variable: str, value: str, expected: str
) -> None:
    outcome = run_once(installation, service, **{variable: value})
    assert outcome.returncode != 0
    (line,) = process_output(outcome)
    assert variable in line
    assert expected in line
    assert value not in line


def test_a_schema_newer_than_the_code_is_rejected_unchanged(installation: ContainerInstallation) -> None:
    psql = ("exec", "-T", "postgres", "psql", "-U", "postgres", "-d", "intake", "-c")
    installation.compose(*psql, "INSERT INTO alembic_version VALUES ('intake_9999')")
    try:
        outcome = run_once(installation, "intake-migrate")
        (line,) = process_output(outcome)
        assert outcome.returncode == 2
        assert "结构(intake_9999)比程序新:请升级程序,或恢复较早的备份" in line
    finally:
        installation.compose(*psql, "DELETE FROM alembic_version WHERE version_num = 'intake_9999'")


def wrong_broker_url(host: str) -> str:
    return f"amqp://intake:a-wrong-password-of-thirty-two@{host}:5672/lingjun"


# Processes that wait for a server, by test id: service, variable, value, and a text of the log.
WAITING = {
    "a bus whose database refuses it": ("intake-bus", "LINGJUN_DATABASE_URL", WRONG, "password authentication failed"),
    "a bus whose broker refuses it": (
        "intake-bus",
        "LINGJUN_BROKER_URL",
        wrong_broker_url("rabbitmq"),
        "ACCESS_REFUSED",
    ),
    "a bus without a broker": ("intake-bus", "LINGJUN_BROKER_URL", wrong_broker_url("nowhere"), "nowhere"),
    "a worker without a broker": ("intake-worker", "LINGJUN_BROKER_URL", wrong_broker_url("nowhere"), "nowhere"),
    "a web server whose database refuses it": (
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
    """Start one more container for each of WAITING; yield their ids when the health of all is decided."""
    containers = {}
    try:
        for name, (service, variable, value, _) in WAITING.items():
            container = installation.compose("run", "--detach", "--no-deps", "--env", f"{variable}={value}", service)
            containers[name] = container.split()[-1]
        deadline = time.monotonic() + DECIDED_SECONDS
        while time.monotonic() < deadline and any(
            state_of(identity)["Health"]["Status"] == "starting" for identity in containers.values()
        ):
            time.sleep(2)
        yield containers
    finally:
        for container in containers.values():
            subprocess.run(["docker", "rm", "--force", container], check=True, capture_output=True)


@pytest.mark.parametrize("name", WAITING)
def test_a_process_without_its_server_retries_logs_the_reason_and_is_unhealthy(
    waiting: dict[str, str], name: str
) -> None:
    state = state_of(waiting[name])
    assert state["Running"]
    assert state["Health"]["Status"] == "unhealthy"
    output = subprocess.run(["docker", "logs", waiting[name]], capture_output=True, text=True, check=True)
    lines = (output.stdout + output.stderr).splitlines()
    assert any(WAITING[name][3] in line for line in lines)
    # One line per attempt or per health check: fewer than one a second, however long the health took to be decided.
    running = datetime.now(UTC) - datetime.fromisoformat(state["StartedAt"][:19] + "+00:00")
    assert len(lines) < running.total_seconds()
    assert "a-wrong-password" not in output.stdout + output.stderr


@pytest.fixture
def small_disk() -> Iterator[str]:
    """A volume of a hundred megabytes for the containers' user."""
    name = f"lingjun-test-small-{os.getpid()}"
    options = ("type=tmpfs", "device=tmpfs", "o=size=100m,uid=10001,gid=10001,mode=750")
    arguments = [part for option in options for part in ("--opt", option)]
    subprocess.run(["docker", "volume", "create", *arguments, name], check=True, capture_output=True)
    yield name
    subprocess.run(["docker", "volume", "rm", name], check=True, capture_output=True)


def test_a_full_scan_volume_makes_the_web_server_unready_until_space_is_free(
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
        deadline = time.monotonic() + DECIDED_SECONDS
        while "ready" not in inside("python", "-c", ask) and time.monotonic() < deadline:
            time.sleep(1)
        assert json.loads(inside("python", "-c", ask)) == {"status": "ready", "faults": {}}
        inside("dd", "if=/dev/zero", "of=/var/lib/lingjun/files/filler", "bs=1M", "count=200")
        assert json.loads(inside("python", "-c", ask)) == {"status": "waiting", "faults": {"files": "OSError"}}
        output = subprocess.run(["docker", "logs", container], capture_output=True, text=True, check=True)
        assert "磁盘将满：请清理或扩容" in output.stdout + output.stderr
        inside("rm", "/var/lib/lingjun/files/filler")
        assert json.loads(inside("python", "-c", ask)) == {"status": "ready", "faults": {}}
    finally:
        subprocess.run(["docker", "rm", "--force", container], check=True, capture_output=True)


@pytest.fixture
def full_database(tmp_path: Path) -> Iterator[ContainerInstallation]:
    """An installation of PostgreSQL only, on a disk that is full after the empty databases."""
    with container_installation(tmp_path, "tests/compose/small.yml", start="postgres") as installation:
        assert run_once(installation, "databases").returncode == 0
        installation.attempt(
            "exec", "-T", "postgres", "dd", "if=/dev/zero", "of=/var/lib/postgresql/data/filler", "bs=64k"
        )
        yield installation


def test_a_full_database_is_reported_and_recovers_when_space_is_free(full_database: ContainerInstallation) -> None:
    outcome = run_once(full_database, "intake-migrate")
    assert outcome.returncode == 2
    (line,) = process_output(outcome)
    assert "数据库 intake 无法使用" in line
    assert "No space left on device" in line
    deadline = time.monotonic() + DECIDED_SECONDS
    while (health := full_database.container_of("postgres")["Health"])["Status"] == "healthy":
        assert time.monotonic() < deadline
        time.sleep(2)
    assert health["Log"][-1]["Output"] == "less than 64 MB are left for the databases: make room\n"
    full_database.compose("exec", "-T", "postgres", "rm", "/var/lib/postgresql/data/filler")
    assert run_once(full_database, "intake-migrate").returncode == 0
