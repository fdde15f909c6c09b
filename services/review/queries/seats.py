"""Queries on seats, the waiting list and the committee's work."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, func, select

from services.review.models import Case, Ranking, Seat, WorkItem
from services.review.queries.programmes import programme_of
from services.review.rules.deadlines import end_of_local_day
from services.review.states import RankingState, SeatState, WorkKind


@dataclass(frozen=True)
class PromotionDue:
    """A person who is next in order for a free seat."""

    case_id: UUID
    waiting_rank: int


@dataclass(frozen=True)
class WorkEntry:
    """One entry of the committee's work list. `id` is the item's, or the case's for a promotion."""

    id: UUID
    kind: WorkKind
    case: Case
    seat: Seat
    since: datetime
    opened_by: str
    data: dict[str, Any]

    @property
    def pay_by(self) -> datetime | None:
        """The payment deadline that the entry concerns."""
        return _moment(self.data.get("pay_by"))

    @property
    def covered_until(self) -> datetime | None:
        """The time up to which bank statements had been imported when the lapse was proposed."""
        return _moment(self.data.get("covered_until"))


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def seats_held(session: Session, programme: str) -> int:
    """Count the held seats."""
    held = select(func.count()).select_from(Seat).where(Seat.programme == programme, Seat.state == SeatState.HELD)
    return session.exec(held).one()


def promotions_due(session: Session, programme: str) -> list[PromotionDue]:
    """List the next people on the waiting list, one per free seat. Computed on each call, so it is current after every
    release."""
    ranking = session.get_one(Ranking, programme)
    if ranking.state != RankingState.RELEASED:
        return []
    free = ranking.quota - seats_held(session, programme)
    waiting = select(Seat).where(Seat.programme == programme, Seat.state == SeatState.WAITING)
    in_order = session.exec(waiting.order_by(col(Seat.waiting_rank)).limit(max(free, 0))).all()
    return [PromotionDue(seat.case_id, seat.waiting_rank or 0) for seat in in_order]


def get_open_work_item(session: Session, case_id: UUID, kind: WorkKind) -> WorkItem | None:
    """Return the open work item of a kind for a case, or None."""
    query = select(WorkItem).where(
        WorkItem.case_id == case_id, WorkItem.kind == kind, col(WorkItem.closed_at).is_(None)
    )
    return session.exec(query).one_or_none()


def work_list(session: Session, code: str, *, now: datetime) -> list[WorkEntry]:
    """List the committee's work: lapses, late payments, overrides, and promotions with the `pay_by` that a confirmation
    today would set."""
    programme = programme_of(session, code)
    items = session.exec(
        select(WorkItem, Case, Seat)
        .join(Case, col(Case.id) == col(WorkItem.case_id))
        .join(Seat, col(Seat.case_id) == col(WorkItem.case_id))
        .where(WorkItem.programme == code, col(WorkItem.closed_at).is_(None))
        .order_by(col(WorkItem.opened_at), col(Case.application_no))
    ).all()
    entries = [
        WorkEntry(item.id, WorkKind(item.kind), case, seat, item.opened_at, item.opened_by, item.data)
        for item, case, seat in items
    ]
    if now >= programme.report_at:
        return entries
    pay_by = end_of_local_day(now, days=programme.promotion_pay_days).isoformat()
    for due in promotions_due(session, code):
        case, seat = session.get_one(Case, due.case_id), session.get_one(Seat, due.case_id)
        data = {"waiting_rank": due.waiting_rank, "pay_by": pay_by}
        entries.append(WorkEntry(case.id, WorkKind.PROMOTION_PROPOSED, case, seat, now, "", data))
    return entries


def seat_rows(session: Session, programme: str) -> Sequence[tuple[Seat, Case]]:
    """List every seat with its case: held ones by rank, then the waiting list, then the rest."""
    order = {SeatState.HELD: 0, SeatState.WAITING: 1, SeatState.RELEASED: 2, SeatState.NOT_SELECTED: 3}
    pairs = session.exec(
        select(Seat, Case).join(Case, col(Case.id) == col(Seat.case_id)).where(Seat.programme == programme)
    ).all()
    return sorted(pairs, key=lambda pair: (order[SeatState(pair[0].state)], pair[0].rank or 9999))


def seats_by_case(session: Session, case_ids: Sequence[UUID]) -> dict[UUID, Seat]:
    """Map case id to seat, for cases that have one."""
    return {seat.case_id: seat for seat in session.exec(select(Seat).where(col(Seat.case_id).in_(case_ids))).all()}
