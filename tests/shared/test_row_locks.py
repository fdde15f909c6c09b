"""Rows that a transaction holds: asked for once, locked for others, known once they are begun; on SQLite and PostgreSQL."""

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


def taken(uow, row_id: UUID) -> JobRow:
    row = uow.get_locked(JobRow, row_id)
    assert row is not None
    return row


def job(row_id: UUID) -> JobRow:
    return JobRow(
        id=row_id, name="write_letter", payload={}, correlation_id="", state="waiting", next_at=NOW, created_at=NOW
    )


@pytest.fixture
def jobs(database):
    """Three jobs, and the questions that were put to the database since."""
    with database.transaction() as uow:
        uow.session.add_all([job(one) for one in IDS])
    asked = []

    @event.listens_for(database.engine, "before_cursor_execute")
    def _note(_connection, _cursor, statement, *_more):
        if statement.startswith("SELECT") and "FROM job" in statement:
            asked.append(statement)

    return asked


def test_rows_are_asked_for_once_together_and_so_are_those_that_are_missing(database, jobs):
    with database.transaction() as uow:
        uow.lock_rows(JobRow, [*IDS, MISSING, MISSING])
        for _ in range(2):
            assert [taken(uow, one).id for one in IDS] == IDS
            assert uow.get_locked(JobRow, MISSING) is None
    assert len(jobs) == 1


def test_a_row_that_was_begun_is_held_and_written_at_the_end(database, jobs):
    with database.transaction() as uow:
        assert uow.get_locked(JobRow, MISSING) is None
        row = job(MISSING)
        uow.add_locked(row)
        assert uow.get_locked(JobRow, MISSING) is row
    with database.reader() as session:
        assert session.get(JobRow, MISSING) is not None


def test_another_transaction_waits_for_a_held_row_and_finds_it_changed(database, jobs):
    found = []

    def other() -> None:
        with database.transaction() as uow:
            found.append(taken(uow, IDS[0]).attempt)

    with database.transaction() as uow:
        taken(uow, IDS[0]).attempt = 5
        waiting = threading.Thread(target=other)
        waiting.start()
        waiting.join(0.3)
        assert found == []
    waiting.join(10)
    assert found == [5]


def test_a_row_that_was_read_before_it_was_held_is_read_again(database, jobs):
    with database.transaction() as uow:
        stale = uow.session.exec(select(JobRow).where(JobRow.id == IDS[0])).one()
        if not database.is_sqlite:
            with database.transaction() as other:
                taken(other, IDS[0]).attempt = 7
        expected = 0 if database.is_sqlite else 7
        assert taken(uow, IDS[0]).attempt == stale.attempt == expected
