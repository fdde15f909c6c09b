"""Many rows at once, written at the end of a transaction. Used where a door or a consumer writes for many."""

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
_Part = tuple[type[SQLModel], tuple[str, ...]]
T = TypeVar("T", bound=SQLModel)


def execute(session: Session, inserts: Sequence[Insert]) -> None:
    """Write the rows. On PostgreSQL they are one statement, because each statement costs the driver and the server more than
    the rows themselves."""
    if not inserts:
        return
    session.flush()
    if session.get_bind().dialect.name != "postgresql":
        for table, rows in inserts:
            session.execute(insert(inspect(table).local_table), rows)
        return
    together = defaultdict[_Part, list[Row]](list)
    for table, rows in inserts:
        together[table, tuple(rows[0])] += rows
    texts = (json.dumps(rows, default=_plain, ensure_ascii=False) for rows in together.values())
    session.execute(_from_json(tuple(together)), {f"rows_{place}": text for place, text in enumerate(texts)})


def detached_row(table: type[T], values: Row) -> T:
    """A row that `insert_rows` wrote, as if it had been read: nothing is checked again, and no session knows it. `values`
    names every column."""
    row: T = inspect(table).class_manager.new_instance()
    row.__dict__.update(values)
    return row


@cache
def _from_json(parts: tuple[_Part, ...]) -> SqlInsert:
    """All rows of a table as one value, and all tables in one statement; keys between them are checked at its end."""
    inserts = [_insert(table, names, f"rows_{place}") for place, (table, names) in enumerate(parts)]
    return inserts[-1].add_cte(*(one.cte(f"into_{place}") for place, one in enumerate(inserts[:-1])))


def _insert(table: type[SQLModel], names: tuple[str, ...], parameter: str) -> SqlInsert:
    target = inspect(table).local_table
    told = func.json_to_recordset(cast(bindparam(parameter, type_=Text), JSON))
    typed = told.table_valued(*(column(name, target.c[name].type) for name in names))
    return insert(target).from_select(
        names, select(typed.render_derived(f"told_{parameter}", with_types=True)), include_defaults=False
    )


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return in_utc(value).isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"a {type(value).__name__} in a row")
