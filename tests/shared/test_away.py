"""While a database or a broker is away, work waits for it: logged, with delays, and without using up attempts."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, event, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import func, select
from structlog.testing import capture_logs

from shared.observability.metrics import WAITING_FOR_DATABASE
from shared.persistence.away import RecentProbe, probe, retry_while_away, wait_until_writable
from shared.persistence.database import Database
from shared.persistence.models import OutboxRow
from shared.persistence.schema import upgrade
from shared.persistence.server_away import ServerAway
from shared.runtime import bus
from tests.servers.processes import free_port

SHORT = (timedelta(milliseconds=1), timedelta(milliseconds=2))


@pytest.fixture(autouse=True)
def _short_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.persistence.away.DATABASE_DELAYS", SHORT)
    monkeypatch.setattr("shared.runtime.bus.BUS_DELAYS", SHORT)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    upgrade(database_url, "intake")
    database = Database(database_url)
    yield database
    database.close()


def test_a_call_is_repeated_while_postgresql_is_away() -> None:
    database = Database(f"postgresql+psycopg://u@127.0.0.1:{free_port()}/intake")
    calls: list[None] = []

    def act() -> str:
        calls.append(None)
        if len(calls) < 3:
            with database.transaction() as uow:
                uow.session.connection()
        return "done"

    with capture_logs() as logged:
        assert retry_while_away("intake", act) == "done"
    assert [line["event"] for line in logged] == ["database_away", "database_back"]
    assert "refused" in logged[0]["reason"]


def test_another_failure_is_not_repeated(database: Database) -> None:
    calls: list[None] = []

    def act() -> None:
        calls.append(None)
        with database.transaction() as uow:
            uow.session.connection().execute(text("SELECT * FROM nothing"))

    with pytest.raises(DBAPIError) as failed:
        retry_while_away("intake", act)
    assert (len(calls), isinstance(failed.value, ServerAway)) == (1, False)


def test_the_probe_leaves_nothing(database: Database) -> None:
    probe(database)
    with database.reader() as session:
        assert session.exec(select(func.count()).select_from(OutboxRow)).one() == 0
    probe(database)


def test_an_outage_is_waited_for_and_counted_while_it_lasts(tmp_path: Path) -> None:
    """A SQLite file in a folder that does not exist yet cannot be opened."""
    folder = tmp_path / "missing"
    database = Database(f"sqlite:///{folder}/test.db")

    def waiting() -> float:
        return WAITING_FOR_DATABASE.labels("intake")._value.get()

    async def wait() -> None:
        task = asyncio.create_task(wait_until_writable("intake", database))
        while not waiting():
            await asyncio.sleep(0.01)
        folder.mkdir()
        await task

    with capture_logs() as logged:
        asyncio.run(wait())
    assert [line["event"] for line in logged] == ["database_back"]
    assert waiting() == 0


def write(database: Database) -> None:
    with database.transaction() as uow:
        uow.session.execute(delete(OutboxRow))


def test_a_replica_is_away_and_its_connections_are_discarded(postgres_url: Callable[[str], str]) -> None:
    url = postgres_url("replica")
    name = make_url(url).database
    upgrade(url, "intake")
    database = Database(url)
    write(database)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        # Sessions that begin from now on are as on a replica: they read, and refuse to write.
        connection.execute(text(f"ALTER DATABASE {name} SET default_transaction_read_only = on"))
    database.engine.dispose()
    with database.engine.connect() as connection:
        assert connection.execute(text("SELECT 1")).scalar() == 1
    with pytest.raises(ServerAway, match="read-only transaction"):
        write(database)
    with pytest.raises(ServerAway):
        probe(database)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SET default_transaction_read_only = off"))
        connection.execute(text(f"ALTER DATABASE {name} RESET default_transaction_read_only"))
        connection.invalidate()
    write(database)
    database.close()


def test_a_write_through_a_reader_is_a_fault_of_the_code_and_not_away(postgres_url: Callable[[str], str]) -> None:
    database = Database(postgres_url("reader"))
    with database.reader() as session, pytest.raises(DBAPIError, match="read-only transaction") as failed:
        session.connection().execute(text("CREATE TABLE x (y int)"))
    assert not isinstance(failed.value, ServerAway)
    database.close()


@pytest.mark.parametrize(
    ("state", "is_away", "is_gone"),
    [
        ("57P01", True, True),
        ("57P02", True, True),
        ("57P03", True, True),
        ("08006", True, True),
        ("53100", True, False),
        ("53200", True, False),
        ("53300", True, False),
        ("40P01", False, False),
        ("40001", False, False),
        ("55P03", False, False),
        ("23505", False, False),
        ("22001", False, False),
    ],
)
def test_the_state_of_the_failed_statement_decides(
    postgres_url: Callable[[str], str], state: str, is_away: bool, is_gone: bool
) -> None:
    database = Database(postgres_url("states"))
    with database.engine.connect() as connection:
        before = connection.execute(text("SELECT pg_backend_pid()")).scalar()
    raising = f"DO $$ BEGIN RAISE EXCEPTION 'simulated' USING ERRCODE = '{state}'; END $$"
    with pytest.raises(DBAPIError) as failed, database.engine.begin() as connection:
        connection.execute(text(raising))
    assert isinstance(failed.value, ServerAway) == is_away
    assert failed.value.connection_invalidated == is_gone
    with database.engine.connect() as connection:
        assert (connection.execute(text("SELECT pg_backend_pid()")).scalar() != before) == is_gone
    database.close()


def test_a_full_sqlite_file_is_away_until_there_is_room(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/test.db"
    upgrade(url, "intake")
    database = Database(url)
    pages = 1  # SQLite raises it to the present size

    @event.listens_for(database.engine, "checkout")
    def limit(connection: Any, *_: Any) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages}")

    recent = RecentProbe(database)
    with pytest.raises(ServerAway, match="full"):
        recent()
    pages = 1_000_000
    with pytest.raises(ServerAway, match="full"):
        recent()  # the answer of a moment ago
    probe(database)
    RecentProbe(database)()
    database.close()


class Work:
    """Work that is lost a number of times and then cancels the task that runs it."""

    def __init__(self, losses: int) -> None:
        self.losses = losses

    async def run(self) -> None:
        self.losses -= 1
        if self.losses >= 0:
            raise ConnectionError("lost")
        raise asyncio.CancelledError


@pytest.mark.parametrize(("steady_seconds", "pauses"), [(30, [0.001, 0.002, 0.002]), (-1, [0.001, 0.001, 0.001])])
def test_lost_work_is_restarted_and_steady_work_begins_with_the_first_delay(
    steady_seconds: float, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus, "_STEADY_SECONDS", steady_seconds)
    with capture_logs() as logged, pytest.raises(asyncio.CancelledError):
        asyncio.run(bus.supervised(Work(losses=3).run))
    assert [line["pause"] for line in logged] == pauses
    assert [(line["event"], line["work"], line["reason"]) for line in logged] == [
        ("bus_restarts", "Work.run", "ConnectionError: lost")
    ] * 3
