"""A real switchover of PostgreSQL: the primary stops, its replica is promoted, the old primary comes back as a replica. Events
that arrive meanwhile wait and are handled once, and nothing is restarted."""

import asyncio
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from shared.events.billing import FeePaid
from shared.observability.metrics import HANDLED
from shared.persistence.database import Database
from shared.persistence.schema import upgrade
from tests.messaging.conftest import Installation, fee_paid
from tests.messaging.outages import all_handled, count_effect
from tests.servers import packages, postgres
from tests.servers.address import Address
from tests.servers.processes import (
    Program,
    data_directory,
    end,
    free_port,
    private_instances_possible,
    spawn,
    wait_until_it_answers,
)

Server = tuple[Address, Program]
EVENTS = 30


class Pair:
    """A primary and its streaming replica; `switch_over` changes their parts."""

    def __init__(self, primary: Server, replica: Server) -> None:
        self.primary, self.replica = primary, replica
        self._processes: dict[Path, subprocess.Popen[bytes]] = {}
        for _, program in (primary, replica):
            self._start(program)

    def _start(self, program: Program) -> None:
        process = self._processes[program.directory] = spawn(program)
        wait_until_it_answers(program.name, process, program.log, program.answers)

    def _stop(self, program: Program) -> None:
        """Shut a server down in order, so that its replica has everything."""
        end(self._processes.pop(program.directory), signal.SIGINT)

    def switch_over(self) -> None:
        """Stop the primary, promote the replica, and start the old primary as a replica of the new one."""
        self._stop(self.primary[1])
        self.primary, self.replica = self.replica, self.primary
        address, old = self.primary[0], self.replica[1]
        with postgres.connect(address) as connection:
            connection.execute("SELECT pg_promote(true, 30)")
        (old.directory / "data" / "standby.signal").touch()
        follow = f"host=127.0.0.1 port={address.port} user={address.user} password={address.password}"
        with (old.directory / "data" / "postgresql.auto.conf").open("a") as settings:
            settings.write(f"primary_conninfo = '{follow}'\n")
        self._start(old)

    def close(self) -> None:
        for process in self._processes.values():
            end(process, signal.SIGQUIT)


def copied(primary: Server, folder: Path) -> Server:
    """Copy a running primary into the folder, and return the server that will follow it."""
    address, program = primary
    server = packages.postgres_server()
    assert server is not None
    command = [str(server.with_name("pg_basebackup")), "-h", "127.0.0.1", "-p", str(address.port), "-U", address.user]
    subprocess.run(
        [*command, "-D", str(folder / "data"), "-R", "-X", "stream", "-c", "fast"],
        cwd=folder,
        env={**postgres.ENVIRONMENT, "PGPASSWORD": address.password},
        user=program.account,
        capture_output=True,
        check=True,
    )
    own = replace(address, port=free_port())
    changed = {str(program.directory / "data"): str(folder / "data"), f"port={address.port}": f"port={own.port}"}
    options = tuple(changed.get(part, part) for part in program.command)
    return own, replace(program, command=options, directory=folder, answers=lambda: postgres.answers(own))


@pytest.fixture
def pair() -> Iterator[Pair]:
    if not private_instances_possible() or packages.postgres_server() is None:
        pytest.skip("postgresql is not installed: python -m tests.servers install (as root on Debian or Ubuntu)")
    folder = Path(tempfile.gettempdir()) / f"lingjun-pair-{os.getpid()}-{uuid4().hex[:6]}"
    with ExitStack() as stack:
        primary = stack.enter_context(postgres.prepared(folder))
        copy = stack.enter_context(data_directory(folder.with_name(f"{folder.name}-copy"), primary[1].account))
        process = spawn(primary[1])
        try:
            wait_until_it_answers("PostgreSQL", process, primary[1].log, primary[1].answers)
            replica = copied(primary, copy)
        finally:
            end(process, signal.SIGINT)
        both = Pair(primary, replica)
        stack.callback(both.close)
        yield both


@pytest.fixture
def database_urls(tmp_path: Path) -> list[str]:
    """The publisher's database; the subscriber's is on the pair."""
    return [f"sqlite:///{tmp_path / name}.db" for name in ("publisher", "unused")]


@pytest.fixture
def bus_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'bus.db'}"


def failures() -> float:
    """Return how many deliveries were retried or dead-lettered so far."""
    return sum(HANDLED.labels("", FeePaid.TYPE, outcome)._value.get() for outcome in ("retried", "buried"))


def test_events_wait_for_the_new_primary_and_take_effect_once(pair: Pair, installation: Installation) -> None:
    first, second = pair.primary[0], pair.replica[0]
    with postgres.connect(first) as connection:
        connection.execute("CREATE DATABASE office")
    hosts = "&".join(f"host=127.0.0.1:{one.port}" for one in (first, second))
    url = f"postgresql+psycopg://{first.user}:{first.password}@/office?{hosts}"
    upgrade(url, "shared")
    subscriber = Database(url)
    office = Installation(installation.bus_url, installation.publisher, subscriber, installation.tools)

    async def scenario() -> int:
        published = 1
        async with office.relaying(), office.consuming(count_effect):
            office.publish(fee_paid())
            await all_handled(office, 1)
            for _ in range(2):
                switching = asyncio.create_task(asyncio.to_thread(pair.switch_over))
                while not switching.done():
                    office.publish(fee_paid())
                    published += 1
                    await asyncio.sleep(0.1)
                await switching
                office.publish(*(fee_paid() for _ in range(EVENTS)))
                published += EVENTS
                await all_handled(office, published)
        return published

    before = failures()
    assert asyncio.run(scenario()) > 2 * EVENTS + 1
    assert failures() == before
    subscriber.close()
