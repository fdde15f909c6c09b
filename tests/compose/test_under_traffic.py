"""Applications come in through the gateway while servers restart, a bus is killed and processes are scaled; then the house is
brought up from the previous schema. What was accepted is there once, everywhere.
"""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest

from services.demo.player.clients import SERVICES, Stage, unsettled
from services.demo.programme import CODE
from shared.persistence.database import Database
from tests.compose.containers import ContainerInstallation
from tests.faults.client import Poster
from tests.faults.comparison import compare
from tests.faults.evidence import infrastructure, look, waiting_messages
from tests.faults.ledger import Ledger

pytestmark = pytest.mark.compose

RATE = 3.0
# Between faults, so that something is under way whenever the next one strikes.
PAUSE_SECONDS = 5
# Long enough for several applications to be posted: a server that is back at once may be missed by none.
AWAY_SECONDS = 3
REST_SECONDS = 180
PROCESSES = tuple(f"{service}-{kind}" for service in SERVICES for kind in ("web", "bus", "worker"))
DOWNGRADE = """
import os, sys
from alembic import command
from shared.persistence.schema import _config
command.downgrade(_config(os.environ["LINGJUN_DATABASE_URL"], sys.argv[1]), "plumbing_0001")
"""
# Of each table: its name, how many rows, and a digest of them, but for the column that the newest revision adds.
CONTENT = """
SELECT format('SELECT %L, count(*), md5(string_agg((to_jsonb(t) - ''traceparent'')::text, '''' ORDER BY
    (to_jsonb(t) - ''traceparent'')::text)) FROM %I t', tablename, tablename)
FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' ORDER BY tablename \\gexec
"""


def databases(installation: ContainerInstallation, stack: ExitStack) -> dict[str, Database]:
    return {name: stack.enter_context(closing(Database(installation.database_url(name)))) for name in SERVICES}


def broken(installation: ContainerInstallation, ledger: Ledger) -> list[str]:
    """The promises that do not hold yet, and what is still under way."""
    with ExitStack() as stack:
        found = databases(installation, stack)
        lines = [f"{line.text} {line.examples}" for line in compare(ledger, look(found, installation.mail)) if not line.holds]
        lines += unsettled(infrastructure(found))
    return lines + [f"{name} waits" for name in waiting_messages(installation.broker_url("lingjun"))]


def await_rest(installation: ContainerInstallation, ledger: Ledger) -> list[str]:
    ends, left = time.monotonic() + REST_SECONDS, ["nothing was asked"]
    while left and time.monotonic() < ends:
        time.sleep(2)
        left = broken(installation, ledger)
    return left


def restart(server: str) -> Callable[[ContainerInstallation], None]:
    def fault(installation: ContainerInstallation) -> None:
        installation.compose("stop", server)
        time.sleep(AWAY_SECONDS)
        installation.up()

    return fault


def scale(installation: ContainerInstallation) -> None:
    sizes = ("intake-web=2", "intake-worker=2", "review-worker=3", "intake-bus=2", "review-bus=2")
    installation.up("--no-recreate", *[part for size in sizes for part in ("--scale", size)])


def leave_it_to_the_stand_by(installation: ContainerInstallation) -> None:
    """Ends the buses that were there first, for good: `docker kill` ends the restart policy too."""
    for bus in ("intake-bus", "review-bus"):
        first = installation.compose("ps", "--quiet", bus).split()
        created = {one: subprocess.check_output(["docker", "inspect", "-f", "{{.Created}}", one]) for one in first}
        assert len(created) == 2
        subprocess.run(["docker", "kill", min(created, key=lambda one: created[one])], check=True, capture_output=True)


@pytest.fixture(scope="module")
def ledger(installation: ContainerInstallation, stage: Stage) -> Iterator[Ledger]:
    """What was accepted while one fault after another struck."""
    kept = Ledger()
    poster = Poster(stage, kept, programme=CODE, seed=4, rate=RATE)
    poster.start()
    try:
        for fault in (
            restart("rabbitmq"),
            restart("postgres"),
            lambda installation: installation.kill_inside("review-bus"),
            scale,
            leave_it_to_the_stand_by,
        ):
            time.sleep(PAUSE_SECONDS)
            before = len(kept.accepted)
            fault(installation)
        time.sleep(2 * PAUSE_SECONDS)
        assert len(kept.accepted) > before
    finally:
        poster.stop()
    ends = time.monotonic() + REST_SECONDS
    while poster.under_way() and time.monotonic() < ends:
        time.sleep(0.5)
    yield kept
    installation.up()


def test_nothing_is_lost_or_doubled_while_servers_restart_and_processes_are_killed_and_scaled(
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


def test_a_house_of_the_previous_schema_is_brought_to_the_newest_with_nothing_lost(
    installation: ContainerInstallation, ledger: Ledger
) -> None:
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
