"""Billing's payment events, and review's response: a lapse to confirm, a late payment to decide on."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlmodel import select

from services.review.actions.locking import get_seat, lock_case, lock_case_for_event, lock_programme, lock_work_item
from services.review.actions.refunds import order_refund
from services.review.actions.seats import admit, check_waiting_list_open
from services.review.actions.work import close_work_item, find_work_item, open_work_item
from services.review.models import Case, Seat, WorkItem
from services.review.queries import get_open_work_item
from services.review.rules.deadlines import end_of_local_day, is_in_time
from services.review.states import CaseState, SeatState, WorkKind
from shared.events.billing import FeeOverdue, FeePaid, RefundSent
from shared.foundation.errors import OutOfOrder
from shared.persistence.unit_of_work import UnitOfWork


def note_fee_paid(uow: UnitOfWork, event: FeePaid, *, actor: str, now: datetime) -> None:
    """Record that the self-paid part is complete, as of the bank's booking time.

    For a held seat, a payment in time closes a proposed lapse; a late one proposes the lapse, even without FeeOverdue.
    A released seat is not revived: the committee decides. If no seat is possible any more, publish RefundOrdered.
    """
    case = lock_case_for_event(uow, event.application_id)
    case.paid_at = event.paid_at
    uow.session.add(case)
    uow.record("note_fee_paid", str(case.id), actor=actor, now=now, details={"paid_fen": event.paid_fen})
    seat = get_seat(uow, case)
    if case.state in (CaseState.WITHDRAWN, CaseState.REJECTED) or (seat and seat.state == SeatState.NOT_SELECTED):
        order_refund(uow, case, "款项到账时已无录取资格", now=now)
    elif seat and seat.state == SeatState.RELEASED:
        _propose_late_payment(uow, case, seat, event, actor=actor, now=now)
    elif seat and seat.state == SeatState.HELD and is_in_time(event.paid_at, seat.pay_by):
        _close_if_open(uow, case, WorkKind.LAPSE_PROPOSED, "已在期限内缴足", actor=actor, now=now)
    elif seat and seat.state == SeatState.HELD:
        _propose_lapse(uow, case, seat, paid_fen=event.paid_fen, known_until=event.paid_at, actor=actor, now=now)


def _propose_late_payment(
    uow: UnitOfWork, case: Case, seat: Seat, event: FeePaid, *, actor: str, now: datetime
) -> None:
    data: dict[str, object] = {
        "paid_fen": event.paid_fen,
        "paid_at": event.paid_at.isoformat(),
        "in_time": is_in_time(event.paid_at, seat.pay_by),
    }
    if item := get_open_work_item(uow.session, case.id, WorkKind.LATE_PAYMENT):
        item.data = data
        uow.session.add(item)
    else:
        open_work_item(uow, case, WorkKind.LATE_PAYMENT, data, actor=actor, now=now)


def note_fee_reversed(uow: UnitOfWork, case_id: UUID, *, actor: str, now: datetime) -> None:
    """Record that the self-paid part is no longer complete, and close a pending late payment."""
    case = lock_case_for_event(uow, case_id)
    case.paid_at = None
    uow.session.add(case)
    uow.record("note_fee_reversed", str(case.id), actor=actor, now=now)
    _close_if_open(uow, case, WorkKind.LATE_PAYMENT, "款项已被冲回", actor=actor, now=now)


def note_fee_overdue(uow: UnitOfWork, event: FeeOverdue, *, actor: str, now: datetime) -> None:
    """Propose the lapse of a held seat; a person confirms it.

    Nothing happens for a deadline that was decided on before or that is no longer the seat's. Raises OutOfOrder before
    the seat exists.
    """
    case = lock_case_for_event(uow, event.application_id)
    seat = get_seat(uow, case)
    if seat is None:
        raise OutOfOrder(f"seat {case.id}")
    if seat.state == SeatState.HELD and seat.pay_by == event.pay_by and not is_in_time(case.paid_at, seat.pay_by):
        until = event.covered_until
        _propose_lapse(uow, case, seat, paid_fen=event.paid_fen, known_until=until, actor=actor, now=now)


def _propose_lapse(
    uow: UnitOfWork, case: Case, seat: Seat, *, paid_fen: int, known_until: datetime, actor: str, now: datetime
) -> None:
    assert seat.pay_by is not None
    pay_by = seat.pay_by.isoformat()
    earlier = select(WorkItem).where(WorkItem.case_id == case.id, WorkItem.kind == WorkKind.LAPSE_PROPOSED)
    if any(item.data["pay_by"] == pay_by for item in uow.session.exec(earlier).all()):
        return
    data: dict[str, object] = {"paid_fen": paid_fen, "pay_by": pay_by, "covered_until": known_until.isoformat()}
    open_work_item(uow, case, WorkKind.LAPSE_PROPOSED, data, actor=actor, now=now)
    uow.record("propose_lapse", str(case.id), actor=actor, now=now, details=data)


def note_refund_sent(uow: UnitOfWork, event: RefundSent, *, actor: str, now: datetime) -> None:
    """Record the total refunded so far, in fen, as the bank booked it."""
    case = lock_case_for_event(uow, event.application_id)
    case.refunded_at, case.refunded_fen = event.sent_at, event.total_fen or event.amount_fen
    uow.session.add(case)
    uow.record("note_refund_sent", str(case.id), actor=actor, now=now, details={"fen": case.refunded_fen})


def resolve_late_payment(
    uow: UnitOfWork, item_id: UUID, choice: Literal["seat", "refund"], *, actor: str, now: datetime
) -> None:
    """Decide on a payment that came after the seat was released: seat or refund.

    "seat" admits again if a seat is free and publishes StudentAdmitted(promoted); "refund" publishes RefundOrdered.
    """
    item = find_work_item(uow, item_id, WorkKind.LATE_PAYMENT)
    programme = lock_programme(uow, item.programme)
    case = lock_case(uow, item.case_id)
    item = lock_work_item(uow, item_id)
    uow.record("resolve_late_payment", str(case.id), actor=actor, now=now, details={"choice": choice})
    if choice == "refund":
        close_work_item(uow, item, "退回款项", actor=actor, now=now)
        order_refund(uow, case, "迟到缴费，退回款项", now=now)
        return
    check_waiting_list_open(uow, programme, now=now)
    close_work_item(uow, item, "重新给予名额", actor=actor, now=now)
    seat = get_seat(uow, case)
    assert seat is not None
    pay_by = end_of_local_day(now, days=programme.promotion_pay_days)
    admit(uow, programme, case, seat, pay_by=pay_by, actor=actor, now=now)


def _close_if_open(uow: UnitOfWork, case: Case, kind: WorkKind, outcome: str, *, actor: str, now: datetime) -> None:
    if item := get_open_work_item(uow.session, case.id, kind):
        close_work_item(uow, item, outcome, actor=actor, now=now)
