"""A process that cannot start says in one line what is wrong, and ends or waits; it never spins, and is seen unhealthy."""

import json
import subprocess
import time
from collections.abc import Iterator

import pytest

from tests.compose.containers import ContainerHouse

pytestmark = pytest.mark.compose

WRONG = "postgresql+psycopg://intake:a-wrong-password-of-thirty-two@postgres:5432/intake"
HEALTH = ("python", "/app/deploy/connected.py", "5672", "5432")


def started(house: ContainerHouse, service: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """One more container of a service, with another environment, until it ends."""
    told = [part for name, value in environment.items() for part in ("--env", f"{name}={value}")]
    return house.attempt("run", "--rm", "--no-deps", "-T", *told, service)


def said(outcome: subprocess.CompletedProcess[str]) -> list[str]:
    """What the process itself wrote; compose tells of containers with a leading blank."""
    return [line for line in outcome.stderr.splitlines() if line.strip() and not line.startswith(" ")]


@pytest.mark.parametrize(
    ("service", "variable", "value", "expected"),
    [
        ("intake-bus", "LINGJUN_BROKER_URL", "amqp://lingjun:guest@rabbitmq:5672/lingjun", "密码缺失或太短"),
        ("review-worker", "LINGJUN_REDIS_URL", "redis://redis:6379/1", "密码缺失或太短"),
        ("billing-web", "LINGJUN_DATABASE_URL", "postgresql+psycopg://billing@postgres/billing", "密码缺失或太短"),
        ("portal-web", "LINGJUN_LOG_DAYS", "soon", "设置有误"),
        ("intake-migrate", "LINGJUN_DATABASE_URL", WRONG, "password authentication failed"),
    ],
)
def test_a_setting_that_cannot_work_ends_the_process_with_one_line(
    house: ContainerHouse, service: str, variable: str, value: str, expected: str
) -> None:
    outcome = started(house, service, **{variable: value})
    assert outcome.returncode != 0
    (line,) = said(outcome)
    assert variable in line
    assert expected in line
    assert value not in line


def test_a_schema_newer_than_the_code_is_refused_and_left_as_it_is(house: ContainerHouse) -> None:
    psql = ("exec", "-T", "postgres", "psql", "-U", "postgres", "-d", "intake", "-c")
    house.compose(*psql, "INSERT INTO alembic_version VALUES ('intake_9999')")
    try:
        outcome = started(house, "intake-migrate")
        (line,) = said(outcome)
        assert outcome.returncode == 2
        assert "结构(intake_9999)比程序新:请升级程序,或恢复较早的备份" in line
    finally:
        house.compose(*psql, "DELETE FROM alembic_version WHERE version_num = 'intake_9999'")


@pytest.fixture
def waiting_bus(house: ContainerHouse, request: pytest.FixtureRequest) -> Iterator[str]:
    """One more bus that cannot work; the id of its container."""
    name, value = request.param
    started = house.compose("run", "--detach", "--no-deps", "--env", f"{name}={value}", "intake-bus")
    container = started.split()[-1]
    time.sleep(25)
    yield container
    subprocess.run(["docker", "rm", "--force", container], check=True, capture_output=True)


@pytest.mark.parametrize(
    ("waiting_bus", "reason"),
    [
        (("LINGJUN_DATABASE_URL", WRONG), "password authentication failed"),
        (
            ("LINGJUN_BROKER_URL", "amqp://lingjun:a-wrong-password-of-thirty-two@rabbitmq:5672/lingjun"),
            "ACCESS_REFUSED",
        ),
        (("LINGJUN_BROKER_URL", "amqp://lingjun:a-wrong-password-of-thirty-two@nowhere:5672/lingjun"), "nowhere"),
    ],
    indirect=["waiting_bus"],
)
def test_a_bus_without_its_servers_waits_with_pauses_says_why_and_is_unhealthy(waiting_bus: str, reason: str) -> None:
    state = json.loads(subprocess.check_output(["docker", "inspect", waiting_bus]))[0]["State"]
    assert state["Running"]
    assert state["Health"]["Status"] != "healthy"
    assert subprocess.run(["docker", "exec", waiting_bus, *HEALTH], check=False).returncode == 1
    told = subprocess.run(["docker", "logs", waiting_bus], capture_output=True, text=True, check=True).stderr
    lines = told.splitlines()
    assert reason in told
    assert len(lines) < 60
    assert "a-wrong-password" not in told
