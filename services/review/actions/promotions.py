"""Reallocate free seats: confirm lapses, and promote from the waiting list, in order or by an override."""

from datetime import datetime
from uuid import UUID

from sqlmodel import select

from services.review.actions.locking import get_seat, lock_case, lock_programme, lock_work_item, reload_ranking
from services.review.actions.refunds import order_refund
from services.review.actions.seats import admit, check_waiting_list_open, release_seat
from services.review.actions.work import close_work_item, find_work_item, open_work_item
from services.review.errors import NoSeatFree, SecondPersonNeeded, UnknownCase
from services.review.models import Case, Seat
from services.review.queries import get_open_work_item, promotions_due, seats_held
from services.review.rules.deadlines import end_of_local_day, is_in_time
from services.review.states import ReleaseReason, SeatState, WorkKind
from shared.foundation.errors import Conflict, Invalid
from shared.persistence.unit_of_work import UnitOfWork


def confirm_lapse(uow: UnitOfWork, item_id: UUID, *, actor: str, now: datetime) -> None:
    """Confirm the lapse of a seat: publish SeatReleased(lapsed), and RefundOrdered for partial payments."""
    item = find_work_item(uow, item_id, WorkKind.LAPSE_PROPOSED)
    case = lock_case(uow, item.case_id)
    item = lock_work_item(uow, item_id)
    seat = get_seat(uow, case)
    if seat is None or seat.state != SeatState.HELD:
        raise Conflict(
            "“{student}”的名额已不在册，无需再确认逾期。", code="no-seat", values={"student": case.student_name}
        )
    if is_in_time(case.paid_at, seat.pay_by):
        raise Conflict(
            "“{student}”已在期限内缴足，不能按逾期处理。", code="paid-in-time", values={"student": case.student_name}
        )
    close_work_item(uow, item, "已确认逾期", actor=actor, now=now)
    uow.record("confirm_lapse", str(case.id), actor=actor, now=now)
    release_seat(uow, case, seat, ReleaseReason.LAPSED, actor=actor, now=now)
    order_refund(uow, case, "逾期未缴足，名额已释放", now=now)


def dismiss_lapse(uow: UnitOfWork, item_id: UUID, *, reason: str, actor: str, now: datetime) -> None:
    """Keep the seat, with a reason. The same deadline is not proposed again."""
    if len(reason.strip()) < 2:
        raise Invalid("请写明保留名额的理由。", code="reason")
    item = find_work_item(uow, item_id, WorkKind.LAPSE_PROPOSED)
    case = lock_case(uow, item.case_id)
    close_work_item(uow, lock_work_item(uow, item_id), f"保留名额：{reason.strip()}", actor=actor, now=now)
    uow.record("dismiss_lapse", str(case.id), actor=actor, now=now, details={"reason": reason.strip()})


def confirm_promotion(uow: UnitOfWork, case_id: UUID, *, actor: str, now: datetime) -> None:
    """Promote a person from the waiting list and publish StudentAdmitted(promoted).

    `pay_by` is the end of the local day that is `promotion_pay_days` after today. Anyone but the next in order needs an
    override that another person requested. Raises NoSeatFree, Conflict, SecondPersonNeeded.
    """
    code = _programme_code(uow, case_id)
    programme = lock_programme(uow, code)
    check_waiting_list_open(uow, programme, now=now)
    case = lock_case(uow, case_id)
    seat = _waiting_seat(uow, case)
    quota = reload_ranking(uow, code).quota
    if seats_held(uow.session, code) >= quota:
        raise NoSeatFree(quota)
    details: dict[str, object] = {"waiting_rank": seat.waiting_rank}
    if case.id not in {due.case_id for due in promotions_due(uow.session, code)}:
        details["override"] = _use_override(uow, case, actor=actor, now=now)
    uow.record("confirm_promotion", str(case.id), actor=actor, now=now, details=details)
    pay_by = end_of_local_day(now, days=programme.promotion_pay_days)
    admit(uow, programme, case, seat, pay_by=pay_by, actor=actor, now=now)


def _use_override(uow: UnitOfWork, case: Case, *, actor: str, now: datetime) -> str:
    item = get_open_work_item(uow.session, case.id, WorkKind.PROMOTION_OVERRIDE)
    if item is None:
        raise Conflict(
            "应按候补名次依次递补；如需越序，请先提出越序递补并写明理由，再由另一人确认。", code="out-of-order"
        )
    if item.opened_by == actor:
        raise SecondPersonNeeded("越序递补")
    close_work_item(uow, item, "已确认越序递补", actor=actor, now=now)
    return str(item.data["reason"])


def request_override(uow: UnitOfWork, case_id: UUID, *, reason: str, actor: str, now: datetime) -> None:
    """Request a promotion out of order; another committee member confirms it with `confirm_promotion`."""
    if len(reason.strip()) < 2:
        raise Invalid("请写明越序递补的理由。", code="reason")
    case = lock_case(uow, case_id)
    _waiting_seat(uow, case)
    if get_open_work_item(uow.session, case.id, WorkKind.PROMOTION_OVERRIDE):
        raise Conflict("已有人提出越序递补，等待另一人确认。", code="override-open")
    open_work_item(uow, case, WorkKind.PROMOTION_OVERRIDE, {"reason": reason.strip()}, actor=actor, now=now)
    uow.record("request_override", str(case.id), actor=actor, now=now, details={"reason": reason.strip()})


def _programme_code(uow: UnitOfWork, case_id: UUID) -> str:
    code = uow.session.exec(select(Case.programme).where(Case.id == case_id)).one_or_none()
    if code is None:
        raise UnknownCase
    return code


def _waiting_seat(uow: UnitOfWork, case: Case) -> Seat:
    seat = get_seat(uow, case)
    if seat is None or seat.state != SeatState.WAITING:
        raise Conflict("“{student}”不在候补名单上。", code="not-waiting", values={"student": case.student_name})
    return seat
