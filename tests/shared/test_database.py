"""Transactions and advisory locks on SQLite and PostgreSQL: no lost updates, no partial effects."""

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
from shared.persistence.models import AuditHead, AuditLeaf, AuditRow, LastSequence
from shared.persistence.schema import upgrade

NOW = datetime(2021, 11, 22, 1, tzinfo=UTC)


def test_twenty_concurrent_threads_lose_no_update(database):
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


def test_a_database_error_contains_no_value_of_the_row(database):
    once = {"source": "s", "subject": "张三", "part": "p", "sequence": 1}
    for rows in ([once, once], [once | {"sequence": None}]):
        with pytest.raises(IntegrityError) as error, database.transaction() as uow:
            for row in rows:
                uow.session.execute(insert(LastSequence).values(row))
        assert "heard_part" in str(error.value)
        assert "张三" not in "".join(traceback.format_exception(error.value))


def test_a_reading_session_cannot_write(database):
    with database.reader() as session, pytest.raises(DBAPIError):
        session.add(LastSequence(source="s", subject="s", part="p", sequence=0))
        session.flush()


def test_the_audit_log_stays_whole_under_threads_and_shows_any_change(database):
    def act(turn):
        with database.transaction() as uow:
            uow.record("act", str(turn), actor="a", now=NOW, details={"turn": turn})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(act, range(40)))
    with database.reader() as session:
        assert audit.find_break(session) is None
        leaves = session.exec(select(AuditLeaf).order_by(col(AuditLeaf.number))).all()
        bodies = session.exec(select(AuditRow).order_by(col(AuditRow.number))).all()
        entries, head = list(zip(leaves, bodies, strict=True)), session.get_one(AuditHead, "main")
        session.expunge_all()
    assert (len(entries), audit.first_break(entries, head)) == (40, None)
    assert audit.first_break(entries[:-1], head) == 40
    assert audit.first_break([*entries[:5], *entries[6:]], head) == 6
    dropped = [(leaf, None if leaf.number < 20 else body) for leaf, body in entries]
    assert audit.first_break(dropped, head) == 1
    head.bodies_from = 20
    assert audit.first_break(dropped, head) is None
    bodies[10].details = {"turn": "forged"}
    assert audit.first_break(entries, head) == 11
    leaves[10].leaf = audit.leaf_hash(**bodies[10].model_dump())
    assert audit.first_break(entries, head) == 41


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET actor = 'b'",
        "DELETE FROM audit",
        "UPDATE audit_leaf SET leaf = ''",
        "DELETE FROM audit_leaf",
        "UPDATE audit_head SET count = count - 1",
        "DELETE FROM audit_head",
    ],
)
def test_the_database_refuses_to_change_the_audit_log(database, statement):
    with database.transaction() as uow:
        uow.record("act", "s", actor="a", now=NOW)
    with pytest.raises(DBAPIError, match="append-only"), database.transaction() as uow:
        uow.session.execute(text(statement))
    with database.reader() as session:
        assert audit.find_break(session) is None


@pytest.mark.parametrize("table", ["audit", "audit_leaf", "audit_head"])
def test_sqlite_does_not_replace_a_row_of_the_audit_log(tmp_path, table):
    """INSERT OR REPLACE deletes a row without its delete trigger."""
    url = f"sqlite:///{tmp_path / 'log.db'}"
    upgrade(url, "shared")
    database = Database(url)
    with database.transaction() as uow:
        uow.record("act", "s", actor="a", now=NOW)
    with pytest.raises(DBAPIError, match="append-only"), database.transaction() as uow:
        uow.session.execute(text(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}"))  # noqa: S608
    database.close()


def test_a_writer_that_times_out_does_not_block_the_next_one(tmp_path, monkeypatch):
    monkeypatch.setattr(database_module, "_BUSY_TIMEOUT_SECONDS", 0.2)
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


def test_an_advisory_lock_is_exclusive_and_can_be_acquired_again_after_release(database):
    other = Database(database.url)
    lock = _acquired(database)
    assert database.is_sqlite or other.acquire_lock("relay") is None
    lock.execute(insert(LastSequence).values(source="s", subject="s", part="p", sequence=7))
    with other.reader() as session:
        assert session.exec(select(LastSequence.sequence)).one() == 7
    assert lock.fetch(select(LastSequence.sequence)) == [(7,)]
    lock.release()
    _acquired(other).release()
    other.close()


def test_every_method_of_a_lost_advisory_lock_raises(postgres_url):
    database = Database(postgres_url("lost"))
    lock = _acquired(database)
    with database.transaction() as uow:
        uow.session.execute(text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"))
    for attempt in (lock.check, lambda: lock.fetch(select(LastSequence)), lambda: lock.execute(delete(LastSequence))):
        with pytest.raises(ConnectionError, match="PostgreSQL: "):
            attempt()
    lock.release()
    _acquired(database).release()
    database.close()


@pytest.mark.parametrize(("options", "cost"), [("", "1.1"), ("?options=-c%20random_page_cost%3D3", "3")])
def test_options_in_the_url_replace_the_planner_options(postgres_url, options, cost):
    database = Database(postgres_url("planned") + options)
    with database.reader() as session:
        assert session.execute(text("SHOW random_page_cost")).scalar_one() == cost
    database.close()


def _acquired(database: Database) -> AdvisoryLock:
    lock = database.acquire_lock("relay")
    assert lock is not None
    return lock
