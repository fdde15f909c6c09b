"""Bulk inserts and IN conditions: any value is stored and read back unchanged, on SQLite and PostgreSQL."""

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


def test_values_of_every_type_are_read_back_unchanged(database):
    with database.transaction() as uow:
        uow.bulk_insert(JobRow, [job(1), job(2, payload={}, lease_until=NOW)])
    with database.reader() as session:
        first, second = session.exec(select(JobRow).order_by(col(JobRow.id))).all()
    assert (first.id, first.payload["text"], first.correlation_id) == (UUID(int=1), ODD, ODD)
    assert first.payload["parts"] == [1, None, {"a": "b"}]
    assert (first.next_at, first.lease_until) == (NOW, None)
    assert first.next_at.tzinfo == UTC
    assert (second.payload, second.lease_until) == ({}, NOW)


def test_an_omitted_column_gets_the_default_of_the_database(database):
    with database.transaction() as uow:
        uow.bulk_insert(JobRow, [job(1)])
    with database.reader() as session:
        row = session.exec(select(JobRow)).one()
    assert (row.attempt, row.replays, row.traceparent, row.outcome) == (0, 0, "", None)


def test_all_tables_are_written_at_the_end_and_on_postgresql_in_one_statement(database):
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


def test_rows_are_numbered_in_their_order(database):
    ids = [uuid4() for _ in range(600)]
    with database.transaction() as uow:
        uow.bulk_insert(OutboxRow, [{"event_id": one, "headers": {}, "body": ""} for one in ids])
    with database.reader() as session:
        assert session.exec(select(OutboxRow.event_id).order_by(col(OutboxRow.id))).all() == ids


def test_a_time_without_a_zone_is_refused(database):
    with pytest.raises(Exception, match="a time without a zone"), database.transaction() as uow:
        uow.bulk_insert(JobRow, [job(1, next_at=datetime(2021, 11, 22))])  # noqa: DTZ001


def test_no_rows_execute_no_statement(database):
    statements = []
    event.listen(database.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    with database.transaction() as uow:
        uow.bulk_insert(JobRow, [])
    assert [statement for statement in statements if "job" in statement] == []


@pytest.mark.parametrize(("numbers", "found"), [([1, 3, 9], [1, 3]), ([], [])])
def test_one_of_finds_the_existing_rows(database, numbers, found):
    with database.transaction() as uow:
        uow.bulk_insert(JobRow, [job(number) for number in (1, 2, 3)])
    with database.reader() as session:
        chosen = select(JobRow.id).where(one_of(col(JobRow.id), {UUID(int=one) for one in numbers}))
        assert sorted(one.int for one in session.exec(chosen).all()) == found


def test_one_of_takes_a_parameter_name_and_escapes_values(database):
    subjects = ["O'Brien", "重庆", 'a"b', "\\"]
    with database.transaction() as uow:
        rows = [{"source": "s", "subject": one, "part": "p", "sequence": 1} for one in [*subjects, "other"]]
        uow.bulk_insert(LastSequence, rows)
    found = select(LastSequence.subject).where(one_of(col(LastSequence.subject), "subjects"))
    with database.reader() as session:
        assert set(session.exec(found, params={"subjects": [*subjects, "nobody"]}).all()) == set(subjects)
        assert session.exec(found, params={"subjects": []}).all() == []


def test_one_of_searches_the_index_of_sqlite(tmp_path):
    """A condition of the form `… = 1` would make SQLite scan the whole table."""
    upgrade(f"sqlite:///{tmp_path}/one.db", "shared")
    database = Database(f"sqlite:///{tmp_path}/one.db")
    chosen = select(JobRow.id).where(one_of(col(JobRow.id), [UUID(int=7)])).compile(database.engine)
    with database.reader() as session:
        plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {chosen}", ("[]",)).all()
    database.close()
    assert any(step[-1].startswith("SEARCH job USING") for step in plan)
