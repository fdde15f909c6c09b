"""Many rows of one table at once, in one statement on either database. Used where a door or a consumer writes for many."""

import json
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import JSON, Insert, Text, bindparam, cast, column, func, insert, inspect, select
from sqlmodel import Session, SQLModel

from shared.columns import in_utc

Row = dict[str, Any]
T = TypeVar("T", bound=SQLModel)


def insert_rows(session: Session, table: type[SQLModel], rows: Sequence[Row]) -> None:
    """Writes rows that all name the same columns, in their order; what they leave out takes its default. They are not the
    session's objects. No rows, no statement."""
    if not rows:
        return
    if session.get_bind().dialect.name == "postgresql":
        told = json.dumps(rows, default=_plain, ensure_ascii=False)
        session.execute(_from_json(table, tuple(rows[0])), {"rows": told})
    else:
        session.execute(insert(inspect(table).local_table), rows)


def written(table: type[T], values: Row) -> T:
    """A row that `insert_rows` wrote, as if it had been read: nothing is checked again, and no session knows it. `values`
    names every column."""
    row: T = inspect(table).class_manager.new_instance()
    row.__dict__.update(values)
    return row


@cache
def _from_json(table: type[SQLModel], names: tuple[str, ...]) -> Insert:
    """All rows as one value: a statement for each would cost the driver and the server more than the rows themselves."""
    target = inspect(table).local_table
    told = func.json_to_recordset(cast(bindparam("rows", type_=Text), JSON))
    typed = told.table_valued(*(column(name, target.c[name].type) for name in names))
    return insert(target).from_select(names, select(typed.render_derived("told", with_types=True)))


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return in_utc(value).isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"a {type(value).__name__} in a row")
