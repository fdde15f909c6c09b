"""Applications arrive through the gateway while servers restart, a bus is killed and processes are scaled.

Then the installation is upgraded from the previous schema. Every accepted application exists once in every service.
"""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest

from services.demo.player.clients import Stage, pending_work
from services.demo.programme import CODE
from shared.persistence.database import Database
from shared.wiring.registry import SERVICES
from tests.compose.containers import ContainerInstallation
from tests.faults.client import Poster
from tests.faults.comparison import compare
from tests.faults.evidence import collect_evidence, infrastructure, waiting_messages
from tests.faults.ledger import Ledger

pytestmark = pytest.mark.compose

RATE = 3.0
# Between faults, so that work is in progress when the next fault occurs.
PAUSE_SECONDS = 5
# Long enough for several applications: no request may notice a server that is back at once.
AWAY_SECONDS = 3
REST_SECONDS = 180
PROCESSES = tuple(f"{service}-{kind}" for service in SERVICES for kind in ("web", "bus", "worker"))
DOWNGRADE = (
    "import os, sys; from alembic import command; from shared.persistence.schema import _config; "
    "command.downgrade(_config(os.environ['LINGJUN_DATABASE_URL'], sys.argv[1]), 'plumbing_0001')"
)
# For each table: its name, the number of rows, and a digest without the columns that the newest revisions add. The audit
# log keeps its entries, with other keys and hashes.
CONTENT = """
SELECT format('SELECT %L, count(*), md5(string_agg((to_jsonb(t) - %L::text[])::text, '''' ORDER BY
    (to_jsonb(t) - %L::text[])::text)) FROM %I t', tablename, added, added, tablename)
FROM pg_tables, LATERAL (SELECT CASE tablename WHEN 'audit' THEN '{id,digest,log,number}' ELSE '{traceparent}' END AS added) a
WHERE schemaname = 'public' AND tablename NOT IN ('alembic_version', 'audit_leaf', 'audit_head') ORDER BY tablename \\gexec
"""


def databases(installation: ContainerInstallation, stack: ExitStack) -> dict[str, Database]:
    return {name: stack.enter_context(closing(Database(installation.database_url(name)))) for name in SERVICES}


def open_problems(installation: ContainerInstallation, ledger: Ledger) -> list[str]:
    """Return the guarantees that do not hold yet, and the work in progress."""
    with ExitStack() as stack:
        found = databases(installation, stack)
        lines = [
            f"{line.text} {line.examples}"
            for line in compare(ledger, collect_evidence(found, installation.mail))
            if not line.holds
        ]
        lines += pending_work(infrastructure(found))
    return lines + [f"{name} waits" for name in waiting_messages(installation.broker_url("lingjun"))]


def await_rest(installation: ContainerInstallation, ledger: Ledger) -> list[str]:
    deadline, problems = time.monotonic() + REST_SECONDS, ["not checked yet"]
    while problems and time.monotonic() < deadline:
        time.sleep(2)
        problems = open_problems(installation, ledger)
    return problems


def restart(server: str) -> Callable[[ContainerInstallation], None]:
    def fault(installation: ContainerInstallation) -> None:
        installation.compose("stop", server)
        time.sleep(AWAY_SECONDS)
        installation.up()

    return fault


def scale(installation: ContainerInstallation) -> None:
    sizes = ("intake-web=2", "intake-worker=2", "review-worker=3", "intake-bus=2", "review-bus=2")
    installation.up("--no-recreate", *[part for size in sizes for part in ("--scale", size)])


def kill_first_buses(installation: ContainerInstallation) -> None:
    """Kill the older bus of each service for good: `docker kill` disables the restart policy."""
    for bus in ("intake-bus", "review-bus"):
        first = installation.compose("ps", "--quiet", bus).split()
        created = {
            bus_id: subprocess.check_output(["docker", "inspect", "-f", "{{.Created}}", bus_id]) for bus_id in first
        }
        assert len(created) == 2
        subprocess.run(
            ["docker", "kill", min(created, key=lambda bus_id: created[bus_id])], check=True, capture_output=True
        )


@pytest.fixture(scope="module")
def ledger(installation: ContainerInstallation, stage: Stage) -> Iterator[Ledger]:
    """The applications accepted while one fault after another occurred."""
    accepted_ledger = Ledger()
    poster = Poster(stage, accepted_ledger, programme=CODE, seed=4, rate=RATE)
    poster.start()
    try:
        for fault in (
            restart("rabbitmq"),
            restart("postgres"),
            lambda installation: installation.kill_inside("review-bus"),
            scale,
            kill_first_buses,
        ):
            time.sleep(PAUSE_SECONDS)
            before = len(accepted_ledger.accepted)
            fault(installation)
        time.sleep(2 * PAUSE_SECONDS)
        assert len(accepted_ledger.accepted) > before
    finally:
        poster.stop()
    deadline = time.monotonic() + REST_SECONDS
    while poster.pending_requests() and time.monotonic() < deadline:
        time.sleep(0.5)
    yield accepted_ledger
    installation.up()


def test_nothing_is_lost_or_repeated_during_restarts_kills_and_scaling(
    installation: ContainerInstallation, ledger: Ledger
) -> None:
    assert await_rest(installation, ledger) == []
    assert any(entry.tries > 1 for entry in ledger.accepted)


def content(installation: ContainerInstallation, service: str) -> str:
    done = subprocess.run(
        [
            *installation.command,
            "exec",
            "-T",
            "postgres",
            "psql",
            "-U",
            "postgres",
            "-d",
            service,
            "-qtA",
            "-v",
            "ON_ERROR_STOP=1",
        ],
        input=CONTENT,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def revisions(installation: ContainerInstallation, service: str) -> set[str]:
    psql = ("exec", "-T", "postgres", "psql", "-U", "postgres", "-d", service, "-qtAc")
    return set(installation.compose(*psql, "SELECT version_num FROM alembic_version").split())


def test_an_upgrade_from_the_previous_schema_loses_nothing(installation: ContainerInstallation, ledger: Ledger) -> None:
    installation.compose("stop", "gateway", *PROCESSES)
    newest = {service: revisions(installation, service) for service in SERVICES}
    for service in SERVICES:
        installation.compose("run", "--rm", "--no-deps", "-T", f"{service}-migrate", "python", "-c", DOWNGRADE, service)
        assert "plumbing_0001" in revisions(installation, service)
    before = {service: content(installation, service) for service in SERVICES}
    installation.compose("up", "--no-build", "--no-deps", *[f"{service}-migrate" for service in SERVICES])
    assert {service: revisions(installation, service) for service in SERVICES} == newest
    assert {service: content(installation, service) for service in SERVICES} == before
    installation.up()
    assert await_rest(installation, ledger) == []
