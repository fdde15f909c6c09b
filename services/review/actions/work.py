"""Work items: what waits for a person of the committee. Used by this package only."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlmodel import col, select

from services.review.errors import UnknownWorkItem
from services.review.models import Case, WorkItem
from services.review.states import WorkKind
from shared.persistence.columns import for_update
from shared.persistence.unit_of_work import UnitOfWork


def open_work(
    uow: UnitOfWork, case: Case, kind: WorkKind, data: dict[str, object], *, actor: str, now: datetime
) -> None:
    """Puts something before the committee. The caller holds the case's lock and knows that none of the kind is open."""
    item = WorkItem(
        id=uuid4(), kind=kind, case_id=case.id, programme=case.programme, data=data, opened_by=actor, opened_at=now
    )
    uow.session.add(item)
    uow.session.flush()


def found_item(uow: UnitOfWork, item_id: UUID, kind: WorkKind) -> WorkItem:
    """The item, to learn its case, which is locked first; then `locked_item`. Raises UnknownWorkItem."""
    item = uow.session.exec(select(WorkItem).where(WorkItem.id == item_id)).one_or_none()
    if item is None or item.kind != kind:
        raise UnknownWorkItem
    return item


def locked_item(uow: UnitOfWork, item_id: UUID) -> WorkItem:
    """An open item, locked. Raises UnknownWorkItem when somebody was faster."""
    query = for_update(select(WorkItem).where(WorkItem.id == item_id)).execution_options(populate_existing=True)
    item: WorkItem | None = uow.session.exec(query).one_or_none()
    if item is None or item.closed_at:
        raise UnknownWorkItem
    return item


def close_item(uow: UnitOfWork, item: WorkItem, outcome: str, *, actor: str, now: datetime) -> None:
    """Ends an item."""
    item.closed_at, item.closed_by, item.outcome = now, actor, outcome
    uow.session.add(item)
    uow.session.flush()


def close_items_of(uow: UnitOfWork, case_id: UUID, outcome: str, *, actor: str, now: datetime) -> None:
    """Ends whatever is open of a case: what it was about is no longer so."""
    still_open = select(WorkItem).where(WorkItem.case_id == case_id, col(WorkItem.closed_at).is_(None))
    for item in uow.session.exec(for_update(still_open)).all():
        close_item(uow, item, outcome, actor=actor, now=now)
