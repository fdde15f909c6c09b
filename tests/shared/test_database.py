"""Transactions at the edge: nothing lost between threads, nothing half done, on SQLite and PostgreSQL."""

import traceback
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from sqlalchemy import delete, insert, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import col, select

from shared.persistence import audit
from shared.persistence import database as database_module
from shared.persistence.columns import for_update
from shared.persistence.database import AdvisoryLock, Database
from shared.persistence.models import AuditHead, AuditRow, LastSequence
from shared.persistence.schema import upgrade

NOW = datetime(2021, 11, 22, 1, tzinfo=UTC)


def test_twenty_threads_that_count_together_lose_no_count(database):
    with database.transaction() as uow:
        uow.session.add(LastSequence(source="s", subject="s", part="p", sequence=0))

    def count(_turn):
        with database.transaction() as uow:
            row = uow.session.exec(for_update(select(LastSequence))).one()
            row.sequence += 1
            uow.session.add(row)

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(count, range(200)))
    with database.reader() as session:
        assert session.exec(select(LastSequence.sequence)).one() == 200


def test_a_transaction_that_fails_leaves_nothing_behind(database):
    with pytest.raises(ZeroDivisionError), database.transaction() as uow:
        uow.session.add(LastSequence(source="s", subject="s", part="p", sequence=0))
        uow.record("try", "s", actor="a", now=NOW)
        uow.session.flush()
        _ = 1 / 0
    with database.reader() as session:
        assert session.exec(select(LastSequence)).all() == []
        assert session.exec(select(AuditRow)).all() == []


def test_a_fault_of_the_database_repeats_no_value_of_the_row(database):
    once = {"source": "s", "subject": "张三", "part": "p", "sequence": 1}
    for rows in ([once, once], [once | {"sequence": None}]):
        with pytest.raises(IntegrityError) as fault, database.transaction() as uow:
            for row in rows:
                uow.session.execute(insert(LastSequence).values(row))
        assert "heard_part" in str(fault.value)
        assert "张三" not in "".join(traceback.format_exception(fault.value))


def test_a_reading_session_cannot_write(database):
    with database.reader() as session, pytest.raises(DBAPIError):
        session.add(LastSequence(source="s", subject="s", part="p", sequence=0))
        session.flush()


def test_the_audit_chain_stays_whole_under_threads_and_shows_any_change(database):
    def act(turn):
        with database.transaction() as uow:
            uow.record("act", str(turn), actor="a", now=NOW, details={"turn": turn})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(act, range(40)))
    with database.reader() as session:
        rows = session.exec(select(AuditRow).order_by(col(AuditRow.id))).all()
        head = session.get_one(AuditHead, 1)
        assert (len(rows), audit.first_break(rows, head)) == (40, None)
        assert audit.first_break(rows[:-1], head) == 40
        assert audit.first_break([*rows[:5], *rows[6:]], head) == 6
        session.expunge_all()
        rows[10].details = {"turn": "forged"}
        assert audit.first_break(rows, head) == 11


def test_a_writer_that_could_not_begin_lets_the_next_one_write(tmp_path, monkeypatch):
    monkeypatch.setattr(database_module, "_PATIENCE_SECONDS", 0.2)
    url = f"sqlite:///{tmp_path / 'one.db'}"
    upgrade(url, "shared")
    database, other_process = Database(url), Database(url)
    with other_process.transaction() as uow:
        uow.session.add(LastSequence(source="s", subject="s", part="p", sequence=0))
        uow.session.flush()
        with pytest.raises(DBAPIError), database.transaction() as late:
            late.session.exec(select(LastSequence)).all()
    with database.transaction() as uow:
        assert uow.session.exec(select(LastSequence.sequence)).all() == [0]


def test_a_right_is_had_once_asks_and_changes_and_is_had_again_when_given_up(database):
    other = Database(database.url)
    right = _claimed(database)
    assert database.is_sqlite or other.claim("relay") is None
    right.change(insert(LastSequence).values(source="s", subject="s", part="p", sequence=7))
    with other.reader() as session:
        assert session.exec(select(LastSequence.sequence)).one() == 7
    assert right.rows(select(LastSequence.sequence)) == [(7,)]
    right.give_up()
    _claimed(other).give_up()
    other.close()


def test_with_a_lost_right_nothing_is_asked_or_changed(postgres_url):
    database = Database(postgres_url("lost"))
    right = _claimed(database)
    with database.transaction() as uow:
        uow.session.execute(text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"))
    for attempt in (right.check, lambda: right.rows(select(LastSequence)), lambda: right.change(delete(LastSequence))):
        with pytest.raises(ConnectionError, match="PostgreSQL: "):
            attempt()
    right.give_up()
    _claimed(database).give_up()
    database.close()


@pytest.mark.parametrize(("asked", "cost"), [("", "1.1"), ("?options=-c%20random_page_cost%3D3", "3")])
def test_postgresql_plans_for_memory_unless_the_url_has_options_of_its_own(postgres_url, asked, cost):
    database = Database(postgres_url("planned") + asked)
    with database.reader() as session:
        assert session.execute(text("SHOW random_page_cost")).scalar_one() == cost
    database.close()


def _claimed(database: Database) -> AdvisoryLock:
    right = database.claim("relay")
    assert right is not None
    return right
