"""The audit log of an older installation keeps every entry when it gets its leaves, and a broken chain is not
hidden."""

import hashlib
import json
from datetime import UTC, datetime, timedelta

import pytest
from alembic import command
from sqlalchemy import create_engine, text
from sqlmodel import col, select

from shared.persistence.audit import find_break
from shared.persistence.database import Database
from shared.persistence.models import AuditLeaf, AuditRow
from shared.persistence.schema import _config, upgrade

FIRST = datetime(2021, 11, 22, 2, tzinfo=UTC)
INSERT = text(
    "INSERT INTO audit (id, at, actor, action, subject, details, correlation_id, digest) "
    "VALUES (:id, :at, 'intake01', 'act', :subject, :details, 'c', :digest)"
)


def chained(count: int) -> list[dict[str, object]]:
    """The rows of a chain as the versions before wrote them."""
    rows, digest = [], ""
    for number in range(1, count + 1):
        at, details = FIRST + timedelta(seconds=number), {"turn": number, "名": "甲"}
        fields = [number, at.isoformat(), "intake01", "act", f"s{number}", details, "c"]
        text_ = digest + json.dumps(fields, ensure_ascii=False, sort_keys=True)
        digest = hashlib.sha256(text_.encode()).hexdigest()
        row = {"id": number, "at": at, "subject": f"s{number}", "details": json.dumps(details), "digest": digest}
        rows.append(row)
    return rows


@pytest.fixture
def older(database_url):
    """A database of the version before, with twelve entries; and the way to change it before the upgrade."""
    command.upgrade(_config(database_url, "shared"), "plumbing_0002")
    engine = create_engine(database_url)
    with engine.begin() as connection:
        for row in chained(12):
            connection.execute(INSERT, row | {"at": _stored(row["at"], engine.dialect.name)})
        head = {"digest": chained(12)[-1]["digest"]}
        connection.execute(text("UPDATE audit_head SET count = 12, digest = :digest"), head)
    yield database_url, engine
    engine.dispose()


def _stored(at: object, dialect: str) -> object:
    """SQLite has no type for a time: it is kept as text without a zone."""
    assert isinstance(at, datetime)
    return at if dialect == "postgresql" else at.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")


def entries(url: str) -> tuple[list[AuditRow], list[str], int | None]:
    database = Database(url)
    with database.reader() as session:
        bodies = list(session.exec(select(AuditRow).order_by(col(AuditRow.number))).all())
        leaves = list(session.exec(select(AuditLeaf.leaf).order_by(col(AuditLeaf.number))).all())
        session.expunge_all()
        broken = find_break(session)
    database.close()
    return bodies, leaves, broken


def test_every_entry_is_kept_and_gets_a_leaf(older):
    url, _ = older
    upgrade(url, "shared")
    bodies, leaves, broken = entries(url)
    assert [(row.number, row.at, row.subject, row.details) for row in bodies] == [
        (number, FIRST + timedelta(seconds=number), f"s{number}", {"turn": number, "名": "甲"})
        for number in range(1, 13)
    ]
    assert (len(set(leaves)), broken) == (12, None)


@pytest.mark.parametrize(
    ("damage", "number"),
    [
        ("UPDATE audit SET actor = 'somebody' WHERE id = 5", 5),
        ("DELETE FROM audit WHERE id = 7", 7),
        ("DELETE FROM audit WHERE id = 12", 12),
    ],
)
def test_a_broken_chain_is_recorded_in_the_new_log(older, damage, number):
    url, engine = older
    with engine.begin() as connection:
        connection.execute(text(damage))
    upgrade(url, "shared")
    bodies, _, broken = entries(url)
    assert (bodies[-1].action, broken) == ("audit_chain_broken", None)
    head = {"head_count": 12, "head_digest": chained(12)[-1]["digest"]}
    assert bodies[-1].details == {"number": number, "entries": len(bodies) - 1, **head}


def test_a_downgrade_and_an_upgrade_change_nothing(older):
    url, _ = older
    upgrade(url, "shared")
    before = entries(url)[1]
    command.downgrade(_config(url, "shared"), "plumbing_0002")
    upgrade(url, "shared")
    assert entries(url)[1:] == (before, None)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE audit SET actor = 'somebody' WHERE number = 5",
        "DELETE FROM audit WHERE number = 7",
        "UPDATE audit_head SET digest = ''",
    ],
)
def test_a_log_that_is_not_whole_is_not_downgraded(older, damage):
    url, engine = older
    upgrade(url, "shared")
    with engine.begin() as connection:
        for name in ("audit_append_only", "audit_kept"):
            on = " ON audit" if engine.dialect.name == "postgresql" else ""
            connection.execute(text(f"DROP TRIGGER {name}{on}"))
        connection.execute(text(damage))
    with pytest.raises(RuntimeError, match="cannot be downgraded"):
        command.downgrade(_config(url, "shared"), "plumbing_0002")
    assert len(entries(url)[1]) == 12


def test_a_migration_that_fails_changes_nothing(older, monkeypatch):
    """SQLite's driver would commit each table that is made or renamed."""
    url, engine = older

    def fail(*_arguments, **_options):
        raise RuntimeError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr("hashlib.sha256", fail)
        with pytest.raises(RuntimeError, match="disk is full"):
            upgrade(url, "shared")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM audit")).scalar_one() == 12
        assert connection.execute(text("SELECT count FROM audit_head")).scalar_one() == 12
    upgrade(url, "shared")
    assert entries(url)[2] is None
