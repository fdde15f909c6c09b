"""Column types, IN conditions and row locks that work alike on SQLite and PostgreSQL. Used by all models and
actions."""

import json
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import ARRAY, ColumnElement, DateTime, Dialect, Text, TypeDecorator, bindparam, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import GenerativeSelect
from sqlalchemy.types import TypeEngine

S = TypeVar("S", bound=GenerativeSelect)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, stored in UTC. SQLite stores no zone, so UTC is added on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return in_utc(value) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def in_utc(value: datetime) -> datetime:
    """Convert to UTC. Raises ValueError for a time without a zone."""
    if value.tzinfo is None:
        raise ValueError("a time without a zone")
    return value.astimezone(UTC)


class _Array(TypeDecorator[Collection[Any]]):
    """Values of one type as one parameter: an array on PostgreSQL, a JSON text on SQLite."""

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
        bind = self.item.dialect_impl(dialect).bind_processor(dialect)
        return json.dumps([bind(value) for value in values] if bind else values)


class _OneOf(FunctionElement[bool]):
    """An IN condition without an SQL type. SQLite has no booleans: a typed condition becomes `… = 1` and uses no
    index."""

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
    """Return the condition that `column` is one of `values`; a string names a parameter that is bound later. The values
    are one parameter, so that the statement does not depend on their number and stays prepared."""
    array = _Array(column.type)
    parameter = bindparam(values, type_=array) if isinstance(values, str) else literal(values, array)
    return _OneOf(column, parameter)


def for_update(statement: S) -> S:
    """Lock the selected rows until the commit. Only PostgreSQL needs it; SQLite has one writer at a time."""
    return statement.with_for_update()
