"""Row locks of a unit of work: each row is read once and locked for others, on SQLite and PostgreSQL."""

import threading
from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import event
from sqlmodel import select

from shared.persistence.models import JobRow

NOW = datetime(2021, 11, 22, 2, tzinfo=UTC)
IDS = [UUID(int=number) for number in range(1, 4)]
MISSING = UUID(int=9)


def locked(uow, row_id: UUID) -> JobRow:
    row = uow.get_locked(JobRow, row_id)
    assert row is not None
    return row


def job(row_id: UUID) -> JobRow:
    return JobRow(
        id=row_id, name="write_letter", payload={}, correlation_id="", state="waiting", next_at=NOW, created_at=NOW
    )


@pytest.fixture
def jobs(database):
    """Three jobs; returns the list of later SELECT statements on them."""
    with database.transaction() as uow:
        uow.session.add_all([job(one) for one in IDS])
    statements = []

    @event.listens_for(database.engine, "before_cursor_execute")
    def _note(_connection, _cursor, statement, *_more):
        if statement.startswith("SELECT") and "FROM job" in statement:
            statements.append(statement)

    return statements


def test_rows_and_missing_rows_are_read_once_in_one_statement(database, jobs):
    with database.transaction() as uow:
        uow.lock_rows(JobRow, [*IDS, MISSING, MISSING])
        for _ in range(2):
            assert [locked(uow, one).id for one in IDS] == IDS
            assert uow.get_locked(JobRow, MISSING) is None
    assert len(jobs) == 1


def test_an_added_row_is_returned_again_and_written_at_the_end(database, jobs):
    with database.transaction() as uow:
        assert uow.get_locked(JobRow, MISSING) is None
        row = job(MISSING)
        uow.add_locked(row)
        assert uow.get_locked(JobRow, MISSING) is row
    with database.reader() as session:
        assert session.get(JobRow, MISSING) is not None


def test_a_row_that_was_missing_is_found_once_it_is_there(database, jobs):
    with database.transaction() as uow:
        assert uow.get_locked(JobRow, MISSING) is None
        uow.session.add(job(MISSING))
        assert locked(uow, MISSING).id == MISSING


def test_a_change_is_kept_when_the_row_is_locked(database, jobs):
    with database.transaction() as uow:
        uow.session.get_one(JobRow, IDS[0]).attempt = 3
        assert locked(uow, IDS[0]).attempt == 3


def test_another_transaction_waits_for_a_locked_row_and_reads_its_change(database, jobs):
    found = []

    def other() -> None:
        with database.transaction() as uow:
            found.append(locked(uow, IDS[0]).attempt)

    with database.transaction() as uow:
        locked(uow, IDS[0]).attempt = 5
        waiting = threading.Thread(target=other)
        waiting.start()
        waiting.join(0.3)
        assert found == []
    waiting.join(10)
    assert found == [5]


def test_a_row_that_was_read_before_it_was_locked_is_read_again(database, jobs):
    with database.transaction() as uow:
        stale = uow.session.exec(select(JobRow).where(JobRow.id == IDS[0])).one()
        if not database.is_sqlite:
            with database.transaction() as other:
                locked(other, IDS[0]).attempt = 7
        expected = 0 if database.is_sqlite else 7
        assert locked(uow, IDS[0]).attempt == stale.attempt == expected
