"""The product's own processes on real servers or on SQLite, with an open programme and uploaded scans.

Used by the rows that measure the whole product.
"""

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
from shared.wiring.registry import SERVICES
from shared.wiring.settings import embedded
from tests.servers.processes import free_port

ACTOR = "benchmarks"
ENDPOINT = "/intake/api/applications"
INTAKE_AND_REVIEW = ("intake-web", "intake-bus", "review-bus")
ALL_PROCESSES = tuple(f"{service}-{part}" for service in SERVICES for part in ("web", "bus", "worker"))
# The load comes from one key, faster than any platform may send; its requests are counted all the same.
_UNHINDERED = {"LINGJUN_RATE_PER_KEY": "100000/minute"}


class Installation:
    """Settings of every service as environment variables; `key` is a client key for intake's API at `port`."""

    def __init__(self, environments: dict[str, dict[str, str]], port: int) -> None:
        self.environments, self.port = environments, port
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.key = _open_programme(environments["intake"])

    def database_url(self, service: str) -> str:
        """Return the database URL of a service."""
        return self.environments[service]["LINGJUN_DATABASE_URL"]


@contextmanager
def on_servers(ground: Ground, parts: Sequence[str]) -> Iterator[Installation]:
    """Run the named processes (intake-web, …) on PostgreSQL, RabbitMQ and Redis."""
    services = sorted({part.partition("-")[0] for part in parts})
    folder = ground.fresh_folder()
    with ExitStack() as stack:
        broker_url = stack.enter_context(ground.virtual_host())
        environments = {}
        for service in services:
            settings = embedded(folder, service, public_url="http://127.0.0.1:8000", clock="system") | {
                "database_url": stack.enter_context(ground.database(service)),
                "broker_url": broker_url,
                "redis_url": ground.redis_url,
            }
            environments[service] = _environment(settings, free_port())
        with _running(ground, environments, parts) as installation:
            yield installation


@contextmanager
def intake_on_sqlite(ground: Ground) -> Iterator[Installation]:
    """Run only intake's web process, on SQLite."""
    folder = ground.fresh_folder()
    settings = embedded(folder, "intake", public_url="http://127.0.0.1:8000", clock="system")
    upgrade(settings["database_url"], "intake")
    with _running(ground, {"intake": _environment(settings, free_port())}, ["intake-web"]) as installation:
        yield installation


@contextmanager
def standalone(ground: Ground) -> Iterator[Installation]:
    """Run all services in one process on SQLite and the embedded bus, as `make run` does."""
    folder, port = ground.fresh_folder(), free_port()
    environments = {}
    for service in SERVICES:
        settings = embedded(folder, service, public_url=f"http://127.0.0.1:{port}", clock="system")
        upgrade(settings["database_url"], service)
        environments[service] = _environment(settings, port)
    installation = Installation(environments, port)
    command = ("services", "run", "--data", str(folder), "--port", str(port))
    with ground.process(*command, environment=_UNHINDERED) as process:
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
            started = ground.process("services", kind, service, environment=environments[service])
            installation.processes[part] = stack.enter_context(started)
        wait_until(lambda: answers(port))
        yield installation


def _environment(settings: dict[str, str], port: int) -> dict[str, str]:
    values = settings | {"listen": f"127.0.0.1:{port}", "log_level": "WARNING"}
    return {f"LINGJUN_{name.upper()}": value for name, value in values.items()} | _UNHINDERED


def answers(port: int) -> bool:
    """Return whether a process listens on a local port."""
    try:
        with socket.create_connection(("127.0.0.1", port), 1):
            return True
    except OSError:
        return False


def _open_programme(environment: dict[str, str]) -> str:
    """Publish the programme, upload scans, and return a client's key."""
    settings: dict[str, Any] = {name.removeprefix("LINGJUN_").lower(): value for name, value in environment.items()}
    process = open_process(IntakeSettings(**settings))
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
        uow.session.execute(insert(StoredScan), [row | {"id": identity} for identity in ids])
    return key


def scratch(folder: Path) -> Process:
    """Return intake on a scratch SQLite file with an open programme: its rules and keys, without a server."""
    settings = embedded(folder, "intake", public_url="http://127.0.0.1:8000", clock="system")
    upgrade(settings["database_url"], "intake")
    process = open_process(IntakeSettings(**settings))
    _prepare(process)
    return process
