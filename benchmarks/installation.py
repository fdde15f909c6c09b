"""The product's own processes on real servers or on SQLite, with a programme open and scans uploaded, for the rows that
measure it whole."""

import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from benchmarks.applications import KINDS, SCANNED, open_programme, scan_id
from benchmarks.ground import Ground, wait_until
from services.demo.programme import CODE
from services.intake import actions, queries
from services.intake.models import StoredScan
from services.intake.rules.secrets import hash_of
from services.intake.settings import IntakeSettings
from shared.events.intake import Programme
from shared.foundation.clock import real_now
from shared.persistence.schema import upgrade
from shared.wiring.process import Process, open_process
from shared.wiring.settings import embedded
from tests.servers.processes import free_port

ACTOR = "benchmarks"
DOOR = "/intake/api/applications"
SERVICES = ("portal", "intake", "review", "scheduling", "billing")
SPEAKING_AND_HEARING = ("intake-web", "intake-bus", "review-bus")
EVERY = tuple(f"{service}-{part}" for service in SERVICES for part in ("web", "bus", "worker"))


class Installation:
    """Settings of every service, as environment variables; `key` opens intake's machine door at `port`."""

    def __init__(self, environments: dict[str, dict[str, str]], port: int) -> None:
        self.environments, self.port = environments, port
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.key = _open_programme(environments["intake"])

    def database_url(self, service: str) -> str:
        """Where a service keeps its rows."""
        return self.environments[service]["LINGJUN_DATABASE_URL"]


@contextmanager
def on_servers(ground: Ground, parts: Sequence[str]) -> Iterator[Installation]:
    """PostgreSQL, RabbitMQ, Redis, and the named processes (intake-web, …), each of its own."""
    services = sorted({part.partition("-")[0] for part in parts})
    folder = ground.fresh_folder()
    with ExitStack() as stack:
        broker_url = stack.enter_context(ground.virtual_host())
        environments = {}
        for service in services:
            given = embedded(folder, service, public_url="http://127.0.0.1:8000", clock="system") | {
                "database_url": stack.enter_context(ground.database(service)),
                "broker_url": broker_url,
                "redis_url": ground.redis_url,
            }
            environments[service] = _environment(given, free_port())
        with _running(ground, environments, parts) as installation:
            yield installation


@contextmanager
def intake_on_sqlite(ground: Ground) -> Iterator[Installation]:
    """Intake's web process alone, on SQLite."""
    folder = ground.fresh_folder()
    given = embedded(folder, "intake", public_url="http://127.0.0.1:8000", clock="system")
    upgrade(given["database_url"], "intake")
    with _running(ground, {"intake": _environment(given, free_port())}, ["intake-web"]) as installation:
        yield installation


@contextmanager
def house(ground: Ground) -> Iterator[Installation]:
    """All services in one process over SQLite and the embedded bus, as `make run` starts them."""
    folder, port = ground.fresh_folder(), free_port()
    environments = {}
    for service in SERVICES:
        given = embedded(folder, service, public_url=f"http://127.0.0.1:{port}", clock="system")
        upgrade(given["database_url"], service)
        environments[service] = _environment(given, port)
    installation = Installation(environments, port)
    with ground.process("services", "run", "--data", str(folder), "--port", str(port)) as process:
        installation.processes["house"] = process
        wait_until(lambda: answers(port))
        yield installation


@contextmanager
def _running(ground: Ground, environments: dict[str, dict[str, str]], parts: Sequence[str]) -> Iterator[Installation]:
    port = int(environments["intake"]["LINGJUN_LISTEN"].rpartition(":")[2])
    installation = Installation(environments, port)
    with ExitStack() as stack:
        for part in parts:
            service, _, kind = part.partition("-")
            started = ground.process(f"services.{service}.{kind}", environment=environments[service])
            installation.processes[part] = stack.enter_context(started)
        wait_until(lambda: answers(port))
        yield installation


def _environment(given: dict[str, str], port: int) -> dict[str, str]:
    told = given | {"listen": f"127.0.0.1:{port}", "log_level": "WARNING"}
    return {f"LINGJUN_{name.upper()}": value for name, value in told.items()}


def answers(port: int) -> bool:
    """Whether somebody listens on a port of this machine."""
    try:
        with socket.create_connection(("127.0.0.1", port), 1):
            return True
    except OSError:
        return False


def _open_programme(environment: dict[str, str]) -> str:
    """Publishes the programme, uploads scans, and returns a client's key."""
    given: dict[str, Any] = {name.removeprefix("LINGJUN_").lower(): value for name, value in environment.items()}
    process = open_process(IntakeSettings(**given))
    try:
        return _prepare(process)
    finally:
        process.database.close()


def _prepare(process: Process) -> str:
    now = real_now()
    with process.database.transaction() as uow:
        programme = Programme.model_validate(open_programme(now))
        actions.publish_programme(uow, programme, actor=ACTOR, now=now, keys=process.tools.keys)
        key = actions.issue_client_key(uow, "benchmarks", actor=ACTOR, now=now)
    with process.database.transaction() as uow:
        client = queries.client_of_key(uow.session, hash_of(key))
        claim = process.tools.files.put(
            b"%PDF-1.7", kind="scan", programme=CODE, media_type="application/pdf", purpose="scan", key="scans/one"
        )
        row = {"client_id": client.id, "programme": CODE, "key": claim.key, "sha256": claim.sha256, "uploaded_at": now}
        row |= {"media_type": claim.media_type, "size": claim.size}
        ids = [scan_id(serial, kind) for serial in range(SCANNED) for kind in KINDS]
        uow.session.execute(insert(StoredScan), [row | {"id": one} for one in ids])
    return key


def scratch(folder: Path) -> Process:
    """Intake over a scratch SQLite file, with the programme open, for what needs its rules and keys and no server."""
    given = embedded(folder, "intake", public_url="http://127.0.0.1:8000", clock="system")
    upgrade(given["database_url"], "intake")
    process = open_process(IntakeSettings(**given))
    _prepare(process)
    return process
