"""Work items: what waits for a person of the committee. Used by this package only."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlmodel import Session, col, select

from services.review.errors import UnknownWorkItem
from services.review.models import Case, WorkItem
from services.review.states import WorkKind
from shared.persistence.columns import for_update


def open_work(
    session: Session, case: Case, kind: WorkKind, data: dict[str, object], *, actor: str, now: datetime
) -> None:
    """Puts something before the committee. The caller holds the case's lock and knows that none of the kind is open."""
    item = WorkItem(
        id=uuid4(), kind=kind, case_id=case.id, programme=case.programme, data=data, opened_by=actor, opened_at=now
    )
    session.add(item)
    session.flush()


def found_item(session: Session, item_id: UUID, kind: WorkKind) -> WorkItem:
    """The item, to learn its case, which is locked first; then `locked_item`. Raises UnknownWorkItem."""
    item = session.exec(select(WorkItem).where(WorkItem.id == item_id)).one_or_none()
    if item is None or item.kind != kind:
        raise UnknownWorkItem
    return item


def locked_item(session: Session, item_id: UUID) -> WorkItem:
    """An open item, locked. Raises UnknownWorkItem when somebody was faster."""
    query = for_update(select(WorkItem).where(WorkItem.id == item_id)).execution_options(populate_existing=True)
    item: WorkItem | None = session.exec(query).one_or_none()
    if item is None or item.closed_at:
        raise UnknownWorkItem
    return item


def close_item(session: Session, item: WorkItem, outcome: str, *, actor: str, now: datetime) -> None:
    """Ends an item."""
    item.closed_at, item.closed_by, item.outcome = now, actor, outcome
    session.add(item)
    session.flush()


def close_items_of(session: Session, case_id: UUID, outcome: str, *, actor: str, now: datetime) -> None:
    """Ends whatever is open of a case: what it was about is no longer so."""
    still_open = select(WorkItem).where(WorkItem.case_id == case_id, col(WorkItem.closed_at).is_(None))
    for item in session.exec(for_update(still_open)).all():
        close_item(session, item, outcome, actor=actor, now=now)
