"""While PostgreSQL or Redis is unreachable, requests get 503 with Retry-After, and the notifier retries."""

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import Mock
from uuid import uuid4

import pytest
from fastapi import APIRouter
from psycopg import Connection, OperationalError
from psycopg.errors import ReadOnlySqlTransaction
from redis import Redis
from sqlalchemy import delete
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from services.intake.settings import IntakeSettings
from shared.http.web import ReadingSession, Uow, WithTools, make_app
from shared.persistence import away
from shared.persistence.models import OutboxRow
from shared.persistence.pg_notify import Notifier
from shared.persistence.schema import upgrade
from shared.wiring.process import open_process
from shared.wiring.settings import embedded
from tests.messaging.test_replica import demoted
from tests.servers import packages
from tests.servers import redis as redis_server
from tests.servers.processes import free_port, private_instances_possible

router = APIRouter()


@router.post("/api/rows")
def write(uow: Uow) -> None:
    uow.session.execute(delete(OutboxRow))


@router.get("/api/rows")
def rows(session: ReadingSession) -> None:
    session.connection()


@router.get("/api/counter")
def counter(tools: WithTools) -> None:
    tools.redis.incr("counter")


@pytest.mark.parametrize("path", ["/api/rows", "/api/counter"])
def test_a_request_gets_503_with_retry_after(tmp_path: Path, path: str) -> None:
    settings = embedded(tmp_path, "intake", public_url="http://127.0.0.1", clock="system")
    address, secret = f"127.0.0.1:{free_port()}", "0123456789abcdef"
    settings |= {
        "database_url": f"postgresql+psycopg://u:{secret}@{address}/intake",
        "redis_url": f"redis://u:{secret}@{address}/0",
    }
    app = make_app(open_process(IntakeSettings(**settings)))
    app.include_router(router)
    with capture_logs() as logged:
        answer = TestClient(app).get(path)
    assert (answer.status_code, answer.json()["code"]) == (503, "away")
    away = [(line["event"], line["route"]) for line in logged if line["event"] != "rates_not_counted"]
    assert away == [("server_away", path)]
    assert int(answer.headers["Retry-After"]) > 0


def test_a_notifier_retries_at_each_commit_and_logs_no_password() -> None:
    notifier = Notifier(f"postgresql+psycopg://u:se%20cret@127.0.0.1:{free_port()}/intake")
    with capture_logs() as logged:
        for count in (1, 2):
            notifier()
            end = time.monotonic() + 20
            while len(logged) < count and time.monotonic() < end:
                time.sleep(0.01)
    assert [line["event"] for line in logged] == ["notify_failed", "notify_failed"]
    assert "refused" in logged[1]["reason"]
    assert "cret" not in str(logged)


@pytest.mark.parametrize("error", [OperationalError, ReadOnlySqlTransaction])
def test_a_notifier_reconnects_after_any_driver_error(error, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that has just become a replica rejects NOTIFY on a connection that is still open."""
    connections = [Mock(), Mock()]
    connections[0].execute.side_effect = error("not now")
    monkeypatch.setattr(Connection, "connect", Mock(side_effect=connections))
    notifier, end = Notifier("postgresql+psycopg://u@127.0.0.1/intake"), time.monotonic() + 20
    while not connections[1].execute.called and time.monotonic() < end:
        notifier()
        time.sleep(0.01)
    assert connections[0].close.called
    assert connections[1].execute.call_args_list[0].args == ("NOTIFY lingjun_committed",)


def test_a_replica_is_not_ready_and_refuses_writes_until_it_is_a_primary(
    tmp_path: Path, postgres_url: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(away, "_FRESH_SECONDS", 0)
    settings = embedded(tmp_path, "intake", public_url="http://127.0.0.1", clock="system")
    settings["database_url"] = postgres_url("replica")
    upgrade(settings["database_url"], "intake")
    process = open_process(IntakeSettings(**settings))
    app = make_app(process)
    app.include_router(router)
    client = TestClient(app)
    assert (client.get("/intake/readyz").status_code, client.post("/api/rows").status_code) == (200, 200)
    with demoted(process.database):
        refused, ready = client.post("/api/rows"), client.get("/intake/readyz")
        assert (refused.status_code, refused.json()["code"], refused.headers["Retry-After"]) == (503, "away", "2")
        assert (ready.status_code, ready.json()["faults"]) == (503, {"database": "ServerAway"})
        assert client.get("/api/rows").status_code == 200
    assert (client.post("/api/rows").status_code, client.get("/intake/readyz").status_code) == (200, 200)
    process.database.close()


@pytest.fixture(scope="module")
def own_redis() -> Iterator[str]:
    """The URL of a Redis that no other test uses."""
    if not private_instances_possible() or packages.redis_server() is None:
        pytest.skip("redis is not installed: python -m tests.servers install (as root on Debian or Ubuntu)")
    folder = Path(tempfile.gettempdir()) / f"lingjun-full-redis-{uuid4().hex[:8]}"
    with redis_server.private_instance(folder) as address:
        yield f"redis://:{address.password}@127.0.0.1:{address.port}/0"


@pytest.mark.parametrize(
    ("fault", "cure"),
    [
        ("CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0"),
        ("REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE"),
        ("CONFIG SET min-replicas-to-write 3", "CONFIG SET min-replicas-to-write 0"),
    ],
    ids=["full", "replica", "without replicas"],
)
def test_a_redis_that_takes_no_write_is_away(tmp_path: Path, own_redis: str, fault: str, cure: str) -> None:
    settings = embedded(tmp_path, "intake", public_url="http://127.0.0.1", clock="system") | {"redis_url": own_redis}
    upgrade(settings["database_url"], "intake")
    process = open_process(IntakeSettings(**settings))
    app = make_app(process)
    app.include_router(router)
    client = TestClient(app)
    assert (client.get("/api/counter").status_code, client.get("/intake/readyz").status_code) == (200, 200)
    with Redis.from_url(own_redis) as administrator:
        administrator.execute_command(fault)
        refused, ready = client.get("/api/counter"), client.get("/intake/readyz")
        administrator.execute_command(cure)
    assert (refused.status_code, refused.json()["code"], refused.headers["Retry-After"]) == (503, "away", "2")
    assert (ready.status_code, list(ready.json()["faults"])) == (503, ["redis"])
    assert (client.get("/api/counter").status_code, client.get("/intake/readyz").status_code) == (200, 200)


def test_a_wrong_command_is_no_outage(tmp_path: Path) -> None:
    settings = embedded(tmp_path, "intake", public_url="http://127.0.0.1", clock="system")
    upgrade(settings["database_url"], "intake")
    process = open_process(IntakeSettings(**settings))
    app = make_app(process)

    @app.get("/api/wrong")
    def wrong() -> None:
        process.tools.redis.set("text", "no number")
        process.tools.redis.incr("text")

    assert TestClient(app).get("/api/wrong").status_code == 500
