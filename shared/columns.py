"""Column types and row locks that mean the same on SQLite and PostgreSQL. Used by every models.py and actions.py."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ARRAY, DateTime, Dialect, TypeDecorator, any_, literal
from sqlmodel import Session


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, kept in UTC; SQLite forgets the zone, so it is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return in_utc(value) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def in_utc(value: datetime) -> datetime:
    """The same moment in UTC. Raises ValueError for a time without a zone."""
    if value.tzinfo is None:
        raise ValueError("a time without a zone")
    return value.astimezone(UTC)


def one_of(session: Session, column: Any, values: Collection[Any]) -> Any:
    """Whether a column is among `values`. On PostgreSQL they are one parameter, so that the statement is the same however
    many there are, and stays prepared."""
    if session.get_bind().dialect.name == "postgresql":
        return column == any_(literal(list(values), ARRAY(column.type)))
    return column.in_(values)


def locked(statement: Any) -> Any:
    """The row of a subject, locked until the commit on PostgreSQL; SQLite has one writer at a time anyway."""
    return statement.with_for_update()
