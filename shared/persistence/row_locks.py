"""Rows of subjects, locked until the commit: each is asked for once in a transaction, however many events tell of it, and
those of a whole batch at once. Used by the services' subjects.py and the consumer.
"""

from collections.abc import Iterable
from typing import Any, TypeVar
from uuid import UUID

from sqlmodel import Session, SQLModel, col, select

from shared.persistence.columns import for_update, one_of

_HELD = "rows_held"
T = TypeVar("T", bound=SQLModel)


def lock_rows(session: Session, table: Any, ids: Iterable[UUID]) -> None:
    """Locks the rows of `table` with these ids that are not held yet, fresh and in the order of their ids: two who
    lock many in one order never wait for each other in a ring."""
    known = session.info.setdefault(_HELD, {})
    asked = sorted(one for one in set(ids) if (table, one) not in known)
    if asked:
        query = for_update(select(table).where(one_of(col(table.id), asked)).order_by(col(table.id)))
        found = {row.id: row for row in session.exec(query.execution_options(populate_existing=True)).all()}
        known |= {(table, one): found.get(one) for one in asked}


def get_locked(session: Session, table: type[T], row_id: UUID) -> T | None:
    """The row of that id, locked; None when there is none."""
    lock_rows(session, table, [row_id])
    found: T | None = session.info[_HELD][table, row_id]
    return found


def add_locked(session: Session, row: Any) -> None:
    """Adds the row of a subject that `held` did not find; it is written with all others, before the next question."""
    session.add(row)
    session.info[_HELD][type(row), row.id] = row
