"""Work items of the committee. Used by this package only."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlmodel import col, select

from services.review.errors import UnknownWorkItem
from services.review.models import Case, WorkItem
from services.review.states import WorkKind
from shared.persistence.columns import for_update
from shared.persistence.unit_of_work import UnitOfWork


def open_work_item(
    uow: UnitOfWork, case: Case, kind: WorkKind, data: dict[str, object], *, actor: str, now: datetime
) -> None:
    """Open a work item. The caller holds the case's lock and knows that no item of this kind is open."""
    item = WorkItem(
        id=uuid4(), kind=kind, case_id=case.id, programme=case.programme, data=data, opened_by=actor, opened_at=now
    )
    uow.session.add(item)
    uow.session.flush()


def find_work_item(uow: UnitOfWork, item_id: UUID, kind: WorkKind) -> WorkItem:
    """Return a work item without a lock, to learn its case. Lock the case next, then the item with `lock_work_item`.
    Raises UnknownWorkItem."""
    item = uow.session.exec(select(WorkItem).where(WorkItem.id == item_id)).one_or_none()
    if item is None or item.kind != kind:
        raise UnknownWorkItem
    return item


def close_work_item(uow: UnitOfWork, item: WorkItem, outcome: str, *, actor: str, now: datetime) -> None:
    """Close a work item."""
    item.closed_at, item.closed_by, item.outcome = now, actor, outcome
    uow.session.add(item)
    uow.session.flush()


def close_work_items(uow: UnitOfWork, case_id: UUID, outcome: str, *, actor: str, now: datetime) -> None:
    """Close all open work items of a case: they no longer apply."""
    still_open = select(WorkItem).where(WorkItem.case_id == case_id, col(WorkItem.closed_at).is_(None))
    for item in uow.session.exec(for_update(still_open)).all():
        close_work_item(uow, item, outcome, actor=actor, now=now)
