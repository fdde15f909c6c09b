"""Column types and row locks that mean the same on SQLite and PostgreSQL. Used by every models.py and actions.py."""

import json
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, DateTime, Dialect, Text, TypeDecorator, bindparam, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine


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


class _Many(TypeDecorator[Collection[Any]]):
    """Many values of one type as one parameter: an array on PostgreSQL, a JSON text on SQLite."""

    impl = Text
    cache_ok = True

    def __init__(self, item: TypeEngine[Any]) -> None:
        super().__init__()
        self.item = item

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(ARRAY(self.item) if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: Collection[Any] | None, dialect: Dialect) -> Any:
        values = list(value or ())
        if dialect.name == "postgresql":
            return values
        told = self.item.dialect_impl(dialect).bind_processor(dialect)
        return json.dumps([told(one) for one in values] if told else values)


class _OneOf(FunctionElement[bool]):
    """Has no type of its own: SQLite, which knows no booleans, would get `… = 1`, and then look into no index."""

    inherit_cache = True


@compiles(_OneOf)
def _in_json(element: _OneOf, compiler: SQLCompiler, **how: Any) -> str:
    column, values = element.clauses
    return f"{compiler.process(column, **how)} IN (SELECT value FROM json_each({compiler.process(values, **how)}))"  # noqa: S608


@compiles(_OneOf, "postgresql")
def _in_array(element: _OneOf, compiler: SQLCompiler, **how: Any) -> str:
    column, values = element.clauses
    return f"{compiler.process(column, **how)} = ANY ({compiler.process(values, **how)})"


def one_of(column: Any, values: Collection[Any] | str) -> ColumnElement[bool]:
    """Whether a column is among `values`, or those given later under that name. They are one parameter, so that the
    statement is the same however many there are, and stays prepared."""
    many = _Many(column.type)
    given = bindparam(values, type_=many) if isinstance(values, str) else literal(values, many)
    return _OneOf(column, given)


def for_update(statement: Any) -> Any:
    """The row of a subject, locked until the commit on PostgreSQL; SQLite has one writer at a time anyway."""
    return statement.with_for_update()
