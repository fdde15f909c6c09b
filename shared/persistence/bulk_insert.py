"""Insert many rows at the end of a transaction. Used by the unit of work, for batched endpoints and for the
consumer."""

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import JSON, Text, bindparam, cast, column, func, insert, inspect, select
from sqlalchemy import Insert as SqlInsert
from sqlmodel import Session, SQLModel

from shared.persistence.columns import in_utc

Row = dict[str, Any]
Insert = tuple[type[SQLModel], Sequence[Row]]
_Group = tuple[type[SQLModel], tuple[str, ...]]
T = TypeVar("T", bound=SQLModel)


def execute(session: Session, inserts: Sequence[Insert]) -> None:
    """Insert the rows. On PostgreSQL one statement inserts all of them, because the overhead of a statement exceeds the
    cost of its rows."""
    if not inserts:
        return
    session.flush()
    if session.get_bind().dialect.name != "postgresql":
        for table, rows in inserts:
            session.execute(insert(inspect(table).local_table), rows)
        return
    grouped = defaultdict[_Group, list[Row]](list)
    for table, rows in inserts:
        grouped[table, tuple(rows[0])] += rows
    texts = (json.dumps(rows, default=_plain, ensure_ascii=False) for rows in grouped.values())
    session.execute(_from_json(tuple(grouped)), {f"rows_{place}": text for place, text in enumerate(texts)})


def detached_row(table: type[T], values: Row) -> T:
    """Return a bulk-inserted row as an object, as if it had been read. It is not validated and belongs to no session.
    `values` names every column."""
    row: T = inspect(table).class_manager.new_instance()
    row.__dict__.update(values)
    return row


@cache
def _from_json(groups: tuple[_Group, ...]) -> SqlInsert:
    """One statement for all tables, with one JSON parameter per table. PostgreSQL checks foreign keys at its end."""
    inserts = [_insert(table, names, f"rows_{place}") for place, (table, names) in enumerate(groups)]
    return inserts[-1].add_cte(*(one.cte(f"into_{place}") for place, one in enumerate(inserts[:-1])))


def _insert(table: type[SQLModel], names: tuple[str, ...], parameter: str) -> SqlInsert:
    target = inspect(table).local_table
    records = func.json_to_recordset(cast(bindparam(parameter, type_=Text), JSON))
    typed = records.table_valued(*(column(name, target.c[name].type) for name in names))
    return insert(target).from_select(
        names, select(typed.render_derived(f"records_{parameter}", with_types=True)), include_defaults=False
    )


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return in_utc(value).isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"a {type(value).__name__} in a row")
