"""While a database or a broker is away, work waits for it: logged, with delays, and without using up attempts."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from shared.persistence.away import retry_while_away, wait_for_database
from shared.persistence.database import Database
from shared.runtime import bus
from tests.servers.processes import free_port

SHORT = (timedelta(milliseconds=1), timedelta(milliseconds=2))


@pytest.fixture(autouse=True)
def _short_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.persistence.away.DATABASE_DELAYS", SHORT)
    monkeypatch.setattr("shared.runtime.bus.BUS_DELAYS", SHORT)


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
        assert retry_while_away(database, act) == "done"
    assert [line["event"] for line in logged] == ["database_away", "database_away"]
    assert "refused" in logged[0]["reason"]


def test_a_failed_call_on_sqlite_is_not_repeated(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/missing/test.db")
    calls: list[None] = []

    def act() -> None:
        calls.append(None)
        with database.transaction() as uow:
            uow.session.connection()

    with pytest.raises(OperationalError):
        retry_while_away(database, act)
    assert len(calls) == 1


def test_a_database_that_responds_is_not_waited_for(tmp_path: Path) -> None:
    with capture_logs() as logged:
        assert not asyncio.run(wait_for_database(Database(f"sqlite:///{tmp_path}/test.db")))
    assert logged == []


def test_an_outage_is_logged_once_and_its_end_once(tmp_path: Path) -> None:
    """A SQLite file in a folder that does not exist yet cannot be opened."""
    folder = tmp_path / "missing"
    database = Database(f"sqlite:///{folder}/test.db")

    async def wait() -> bool:
        waiting = asyncio.create_task(wait_for_database(database))
        while not logged:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        folder.mkdir()
        return await waiting

    with capture_logs() as logged:
        assert asyncio.run(wait())
    assert [line["event"] for line in logged] == ["database_away", "database_back"]


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
