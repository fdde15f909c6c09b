"""Many rows at once: what is written is what is read, whatever stands in it, on SQLite and PostgreSQL."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from shared.persistence.columns import one_of
from shared.persistence.database import Database
from shared.persistence.models import JobRow, LastSequence, OutboxRow
from shared.persistence.schema import upgrade

HERE = timezone(timedelta(hours=8))
NOW = datetime(2021, 11, 22, 9, 30, 0, 123456, tzinfo=HERE)
ODD = "引号\"与'、反斜杠\\、换行\n、制表\t、𠮷、{} [] null %s :x"


def job(number: int, **changes) -> dict:
    row = {"id": UUID(int=number), "name": "write_letter", "payload": {"text": ODD, "parts": [1, None, {"a": "b"}]}}
    row |= {"correlation_id": ODD, "state": "waiting", "next_at": NOW, "lease_until": None, "created_at": NOW}
    row |= {"attempt": 0, "replays": 0}
    return row | changes


def test_every_kind_of_value_comes_back_as_it_was(database):
    with database.transaction() as uow:
        uow.bulk_insert(JobRow, [job(1), job(2, payload={}, lease_until=NOW)])
    with database.reader() as session:
        first, second = session.exec(select(JobRow).order_by(col(JobRow.id))).all()
    assert (first.id, first.payload["text"], first.correlation_id) == (UUID(int=1), ODD, ODD)
    assert first.payload["parts"] == [1, None, {"a": "b"}]
    assert (first.next_at, first.lease_until) == (NOW, None)
    assert first.next_at.tzinfo == UTC
    assert (second.payload, second.lease_until) == ({}, NOW)


def test_a_column_that_is_left_out_takes_the_databases_default(database):
    with database.transaction() as uow:
        uow.bulk_insert(JobRow, [job(1)])
    with database.reader() as session:
        row = session.exec(select(JobRow)).one()
    assert (row.attempt, row.replays, row.traceparent, row.outcome) == (0, 0, "", None)


def test_all_tables_are_written_at_the_end_on_postgresql_in_one_statement_or_not_at_all(database):
    written = []

    @event.listens_for(database.engine, "before_cursor_execute")
    def _note(_connection, _cursor, statement, *_more):
        if "INSERT" in statement:
            written.append(statement)

    def write(number: int) -> None:
        with database.transaction() as uow:
            uow.bulk_insert(OutboxRow, [{"event_id": UUID(int=number), "headers": {}, "body": ""}])
            uow.bulk_insert(JobRow, [job(1)])
            uow.bulk_insert(OutboxRow, [{"event_id": UUID(int=number + 1), "headers": {}, "body": ""}])
            assert written == []

    write(1)
    assert len(written) == (3 if database.is_sqlite else 1)
    written.clear()
    with pytest.raises(IntegrityError):
        write(3)
    with database.reader() as session:
        found = session.exec(select(OutboxRow.event_id).order_by(col(OutboxRow.id))).all()
    assert found == [UUID(int=1), UUID(int=2)]


def test_rows_are_numbered_in_the_order_in_which_they_are_given(database):
    ids = [uuid4() for _ in range(600)]
    with database.transaction() as uow:
        uow.bulk_insert(OutboxRow, [{"event_id": one, "headers": {}, "body": ""} for one in ids])
    with database.reader() as session:
        assert session.exec(select(OutboxRow.event_id).order_by(col(OutboxRow.id))).all() == ids


def test_a_time_without_a_zone_is_refused(database):
    with pytest.raises(Exception, match="a time without a zone"), database.transaction() as uow:
        uow.bulk_insert(JobRow, [job(1, next_at=datetime(2021, 11, 22))])  # noqa: DTZ001


def test_no_rows_are_no_statement(database):
    asked = []
    event.listen(database.engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    with database.transaction() as uow:
        uow.bulk_insert(JobRow, [])
    assert [statement for statement in asked if "job" in statement] == []


@pytest.mark.parametrize(("wanted", "found"), [([1, 3, 9], [1, 3]), ([], [])])
def test_one_of_finds_those_that_are_there(database, wanted, found):
    with database.transaction() as uow:
        uow.bulk_insert(JobRow, [job(number) for number in (1, 2, 3)])
    with database.reader() as session:
        chosen = select(JobRow.id).where(one_of(col(JobRow.id), {UUID(int=one) for one in wanted}))
        assert sorted(one.int for one in session.exec(chosen).all()) == found


def test_one_of_takes_names_that_are_given_later_and_values_that_need_care(database):
    subjects = ["O'Brien", "重庆", 'a"b', "\\"]
    with database.transaction() as uow:
        rows = [{"source": "s", "subject": one, "part": "p", "sequence": 1} for one in [*subjects, "other"]]
        uow.bulk_insert(LastSequence, rows)
    found = select(LastSequence.subject).where(one_of(col(LastSequence.subject), "subjects"))
    with database.reader() as session:
        assert set(session.exec(found, params={"subjects": [*subjects, "nobody"]}).all()) == set(subjects)
        assert session.exec(found, params={"subjects": []}).all() == []


def test_one_of_searches_the_index_of_sqlite(tmp_path):
    """A condition that SQLite is given as `… = 1` reads the table whole."""
    upgrade(f"sqlite:///{tmp_path}/one.db", "shared")
    database = Database(f"sqlite:///{tmp_path}/one.db")
    chosen = select(JobRow.id).where(one_of(col(JobRow.id), [UUID(int=7)])).compile(database.engine)
    with database.reader() as session:
        plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {chosen}", ("[]",)).all()
    database.close()
    assert any(step[-1].startswith("SEARCH job USING") for step in plan)
