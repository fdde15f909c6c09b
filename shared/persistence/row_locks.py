"""Row locks that last until the commit: each row is read once in a transaction, the rows of a batch in one statement.

Used by the unit of work.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlmodel import Session, SQLModel, col, select

from shared.persistence.columns import for_update, one_of

Locked = dict[tuple[type[SQLModel], UUID], Any]


def lock(session: Session, known: Locked, table: Any, ids: Iterable[UUID]) -> None:
    """Lock and read the rows of `table` with these ids that are not in `known`, in the order of their ids; add them to
    `known`, as None where there is no such row."""
    missing = sorted(one for one in set(ids) if (table, one) not in known)
    if missing:
        query = for_update(select(table).where(one_of(col(table.id), missing)).order_by(col(table.id)))
        found = {row.id: row for row in session.exec(query.execution_options(populate_existing=True)).all()}
        known |= {(table, one): found.get(one) for one in missing}
