"""Seats, the waiting list, what waits for the committee, and the letters that were owed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, func, select

from services.review.models import Case, LetterRow, Ranking, Seat, WorkItem
from services.review.queries.programmes import programme_of
from services.review.rules.deadlines import end_of_local_day
from services.review.states import RankingState, SeatState, WorkKind


@dataclass(frozen=True)
class PromotionDue:
    """Somebody who is next in order for a seat that is free."""

    case_id: UUID
    waiting_rank: int


@dataclass(frozen=True)
class WorkEntry:
    """One thing that waits for the committee. `id` is the item's, or the case's where the entry is a promotion."""

    id: UUID
    kind: WorkKind
    case: Case
    seat: Seat
    since: datetime
    opened_by: str
    data: dict[str, Any]

    @property
    def pay_by(self) -> datetime | None:
        """The deadline that this is about."""
        return _moment(self.data.get("pay_by"))

    @property
    def covered_until(self) -> datetime | None:
        """How far bank statements had been imported when a lapse was proposed."""
        return _moment(self.data.get("covered_until"))


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def seats_held(session: Session, programme: str) -> int:
    """How many seats are taken."""
    held = select(func.count()).select_from(Seat).where(Seat.programme == programme, Seat.state == SeatState.HELD)
    return session.exec(held).one()


def promotions_due(session: Session, programme: str) -> list[PromotionDue]:
    """As many of the waiting list, in order, as seats are free; computed, so it is right after every release."""
    ranking = session.get_one(Ranking, programme)
    if ranking.state != RankingState.RELEASED:
        return []
    free = ranking.quota - seats_held(session, programme)
    waiting = select(Seat).where(Seat.programme == programme, Seat.state == SeatState.WAITING)
    in_order = session.exec(waiting.order_by(col(Seat.waiting_rank)).limit(max(free, 0))).all()
    return [PromotionDue(seat.case_id, seat.waiting_rank or 0) for seat in in_order]


def open_item(session: Session, case_id: UUID, kind: WorkKind) -> WorkItem | None:
    """The open item of a kind of a case."""
    query = select(WorkItem).where(
        WorkItem.case_id == case_id, WorkItem.kind == kind, col(WorkItem.closed_at).is_(None)
    )
    return session.exec(query).one_or_none()


def work_list(session: Session, programme: str, *, now: datetime) -> list[WorkEntry]:
    """Everything that waits for the committee: lapses, late payments, overrides, and promotions with the pay_by that a
    confirmation today would give."""
    given = programme_of(session, programme)
    items = session.exec(
        select(WorkItem, Case, Seat)
        .join(Case, col(Case.id) == col(WorkItem.case_id))
        .join(Seat, col(Seat.case_id) == col(WorkItem.case_id))
        .where(WorkItem.programme == programme, col(WorkItem.closed_at).is_(None))
        .order_by(col(WorkItem.opened_at), col(Case.application_no))
    ).all()
    entries = [
        WorkEntry(item.id, WorkKind(item.kind), case, seat, item.opened_at, item.opened_by, item.data)
        for item, case, seat in items
    ]
    if now >= given.report_at:
        return entries
    pay_by = end_of_local_day(now, days=given.promotion_pay_days).isoformat()
    for due in promotions_due(session, programme):
        case, seat = session.get_one(Case, due.case_id), session.get_one(Seat, due.case_id)
        data = {"waiting_rank": due.waiting_rank, "pay_by": pay_by}
        entries.append(WorkEntry(case.id, WorkKind.PROMOTION_PROPOSED, case, seat, now, "", data))
    return entries


def seat_rows(session: Session, programme: str) -> Sequence[tuple[Seat, Case]]:
    """Every seat with its case: those who hold one by rank, then the waiting list, then the rest."""
    order = {SeatState.HELD: 0, SeatState.WAITING: 1, SeatState.RELEASED: 2, SeatState.NOT_SELECTED: 3}
    pairs = session.exec(
        select(Seat, Case).join(Case, col(Case.id) == col(Seat.case_id)).where(Seat.programme == programme)
    ).all()
    return sorted(pairs, key=lambda pair: (order[SeatState(pair[0].state)], pair[0].rank or 9999))


def letters_of(session: Session, case_id: UUID) -> Sequence[LetterRow]:
    """The letters owed to a person, oldest first."""
    return session.exec(select(LetterRow).where(LetterRow.case_id == case_id).order_by(col(LetterRow.ordered_at))).all()


def seats_by_case(session: Session, case_ids: Sequence[UUID]) -> dict[UUID, Seat]:
    """Case -> seat, where there is one."""
    return {seat.case_id: seat for seat in session.exec(select(Seat).where(col(Seat.case_id).in_(case_ids))).all()}
