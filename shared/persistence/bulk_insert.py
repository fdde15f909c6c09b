"""Many rows at once, written at the end of a transaction. Used where a door or a consumer writes for many."""

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import JSON, Insert, Text, bindparam, cast, column, func, insert, inspect, select
from sqlmodel import Session, SQLModel

from shared.persistence.columns import in_utc

Row = dict[str, Any]
_Part = tuple[type[SQLModel], tuple[str, ...]]
_WAITING = "rows_waiting"
T = TypeVar("T", bound=SQLModel)


def bulk_insert(session: Session, table: type[SQLModel], rows: Sequence[Row]) -> None:
    """Writes rows that all name the same columns, in their order, at the end of the transaction; left out may be only what the
    database itself fills in. They are not the session's objects, and no question in the same transaction finds them."""
    if rows:
        session.info.setdefault(_WAITING, []).append((table, rows))


def write_bulk_inserts(session: Session) -> None:
    """Writes what `insert_rows` was given: called by the edge just before the commit. On PostgreSQL all of it is one statement,
    because each costs the driver and the server more than the rows themselves."""
    waiting: list[tuple[type[SQLModel], Sequence[Row]]] = session.info.pop(_WAITING, [])
    if not waiting:
        return
    session.flush()
    if session.get_bind().dialect.name != "postgresql":
        for table, rows in waiting:
            session.execute(insert(inspect(table).local_table), rows)
        return
    together = defaultdict[_Part, list[Row]](list)
    for table, rows in waiting:
        together[table, tuple(rows[0])] += rows
    told = (json.dumps(rows, default=_plain, ensure_ascii=False) for rows in together.values())
    session.execute(_from_json(tuple(together)), {f"rows_{place}": text for place, text in enumerate(told)})


def detached_row(table: type[T], values: Row) -> T:
    """A row that `insert_rows` wrote, as if it had been read: nothing is checked again, and no session knows it. `values`
    names every column."""
    row: T = inspect(table).class_manager.new_instance()
    row.__dict__.update(values)
    return row


@cache
def _from_json(parts: tuple[_Part, ...]) -> Insert:
    """All rows of a table as one value, and all tables in one statement; keys between them are checked at its end."""
    inserts = [_insert(table, names, f"rows_{place}") for place, (table, names) in enumerate(parts)]
    return inserts[-1].add_cte(*(one.cte(f"into_{place}") for place, one in enumerate(inserts[:-1])))


def _insert(table: type[SQLModel], names: tuple[str, ...], parameter: str) -> Insert:
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
