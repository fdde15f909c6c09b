"""Row locks that last until the commit. A transaction reads each row once, and the rows of a batch in one statement.

Used by the unit of work.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlmodel import Session, SQLModel, col, select

from shared.persistence.columns import for_update, one_of

Locked = dict[tuple[type[SQLModel], UUID | str], Any]


def lock(session: Session, known: Locked, table: Any, ids: Iterable[UUID]) -> None:
    """Lock and read the rows of `table` with these ids that are not in `known`. Add them to `known`, as None where no
    such row exists. Lock in id order to avoid deadlocks."""
    missing = sorted(row_id for row_id in set(ids) if (table, row_id) not in known)
    if missing:
        query = for_update(select(table).where(one_of(col(table.id), missing)).order_by(col(table.id)))
        found = {row.id: row for row in session.exec(query.execution_options(populate_existing=True)).all()}
        known |= {(table, row_id): found.get(row_id) for row_id in missing}
