"""Seats: admission, release and the waiting list. No admission exceeds the quota, because each one counts the held
seats under the lock of the programme's row (notice, clause 2)."""

from datetime import datetime
from uuid import UUID

from sqlmodel import col, select

from services.review.actions.letters import order_letter
from services.review.actions.locking import (
    get_seat,
    lock_case,
    lock_case_for_event,
    lock_programme,
    reload_programme,
    reload_ranking,
)
from services.review.actions.refunds import order_refund
from services.review.actions.work import close_work_items
from services.review.errors import NoSeatFree
from services.review.models import Admission, Case, Seat
from services.review.queries import candidate, seats_held
from services.review.states import (
    SEAT_STEPS,
    SEAT_TITLES,
    LetterKind,
    RankingState,
    ReleaseReason,
    SeatState,
)
from shared.events.intake import Programme
from shared.events.review import ApplicantNotSelected, SeatReleased, StudentAdmitted
from shared.foundation.errors import Conflict, Invalid, OutOfOrder
from shared.foundation.transitions import check_step
from shared.persistence.unit_of_work import UnitOfWork


def step_seat(uow: UnitOfWork, seat: Seat, target: SeatState, *, actor: str, now: datetime) -> None:
    """Change the state of a seat, write an audit record, and close the case's open work items. A new seat has an empty
    state.

    Raises Conflict if SEAT_STEPS does not allow the transition.
    """
    check_step(SEAT_STEPS, SeatState(seat.state) if seat.state else None, target, titles=SEAT_TITLES)
    details = {"from": seat.state, "rank": seat.rank}
    seat.state = target
    uow.session.add(seat)
    uow.record(f"seat_{target}", str(seat.case_id), actor=actor, now=now, details=details)
    close_work_items(uow, seat.case_id, f"名额已变为“{SEAT_TITLES[target]}”", actor=actor, now=now)


def admit(
    uow: UnitOfWork, programme: Programme, case: Case, seat: Seat, *, pay_by: datetime, actor: str, now: datetime
) -> None:
    """Admit a person: publish StudentAdmitted and order the admission letter. Raises NoSeatFree.

    `seat` is new (release), or was waiting or released (promotion). The caller holds the locks of programme and case.
    """
    uow.session.flush()
    quota = reload_ranking(uow, case.programme).quota
    if seats_held(uow.session, case.programme) >= quota:
        raise NoSeatFree(quota)
    assert seat.rank is not None
    promoted = bool(seat.state)
    step_seat(uow, seat, SeatState.HELD, actor=actor, now=now)
    seat.pay_by, seat.released_at, seat.release_reason = pay_by, None, None
    seat.letter_no = order_letter(uow, case, LetterKind.ADMISSION, now=now, pay_by=pay_by.isoformat())
    uow.session.add(
        Admission(
            letter_no=seat.letter_no,
            case_id=case.id,
            programme=case.programme,
            programme_version=programme.version,
            rank=seat.rank,
            promoted=promoted,
            pay_by=pay_by,
            admitted_by=actor,
            admitted_at=now,
        )
    )
    event = StudentAdmitted(
        application_id=case.id,
        programme=case.programme,
        programme_version=programme.version,
        letter_no=seat.letter_no,
        rank=seat.rank,
        promoted=promoted,
        admitted_at=now,
        pay_by=pay_by,
        candidate=candidate(case),
        fee_lines=programme.fee_lines,
    )
    uow.publish(event, now=now)


def not_select(uow: UnitOfWork, case: Case, seat: Seat, *, actor: str, now: datetime) -> None:
    """Publish ApplicantNotSelected and RefundOrdered, and order the refusal letter. Same locks as `admit`."""
    step_seat(uow, seat, SeatState.NOT_SELECTED, actor=actor, now=now)
    order_letter(uow, case, LetterKind.REFUSAL, now=now)
    uow.publish(ApplicantNotSelected(application_id=case.id, programme=case.programme, rank=seat.rank), now=now)
    order_refund(uow, case, "未入选", now=now)


def release_seat(uow: UnitOfWork, case: Case, seat: Seat, reason: ReleaseReason, *, actor: str, now: datetime) -> None:
    """Release a held seat and publish SeatReleased. The caller holds the case's lock and orders a refund if one is
    due."""
    step_seat(uow, seat, SeatState.RELEASED, actor=actor, now=now)
    seat.released_at, seat.release_reason = now, reason
    event = SeatReleased(application_id=case.id, programme=case.programme, reason=reason.value, released_at=now)
    uow.publish(event, now=now)


def leave_seat(uow: UnitOfWork, case: Case, *, reason: str, actor: str, now: datetime) -> None:
    """Apply a withdrawal: release a held seat, end a place on the waiting list, and order a refund."""
    seat = get_seat(uow, case)
    if seat and seat.state == SeatState.HELD:
        release_seat(uow, case, seat, ReleaseReason.WITHDRAWN, actor=actor, now=now)
    elif seat and seat.state == SeatState.WAITING:
        step_seat(uow, seat, SeatState.NOT_SELECTED, actor=actor, now=now)
    order_refund(uow, case, f"撤回报名：{reason}", now=now)


def decline_seat(uow: UnitOfWork, case_id: UUID, *, reason: str, actor: str, now: datetime) -> None:
    """Record that the admitted person declines before reporting: publish SeatReleased(declined) and RefundOrdered."""
    case, seat = _lock_held_seat(uow, case_id)
    if seat.registered_at:
        raise Conflict("学员已报到，请改用“退学”办理。", code="registered")
    _check_reason(reason)
    uow.record("decline_seat", str(case.id), actor=actor, now=now, details={"reason": reason.strip()})
    release_seat(uow, case, seat, ReleaseReason.DECLINED, actor=actor, now=now)
    order_refund(uow, case, f"放弃名额：{reason.strip()}", now=now)


def drop_out_student(uow: UnitOfWork, case_id: UUID, *, reason: str, refund: bool, actor: str, now: datetime) -> None:
    """Record that a registered student leaves: publish SeatReleased(dropped_out). The office decides whether to
    refund."""
    case, seat = _lock_held_seat(uow, case_id)
    if not seat.registered_at:
        raise Conflict("学员尚未报到，请改用“放弃名额”办理。", code="not-registered")
    _check_reason(reason)
    details = {"reason": reason.strip(), "refund": refund}
    uow.record("drop_out_student", str(case.id), actor=actor, now=now, details=details)
    release_seat(uow, case, seat, ReleaseReason.DROPPED_OUT, actor=actor, now=now)
    if refund:
        order_refund(uow, case, f"退学：{reason.strip()}", now=now)


def note_registration(uow: UnitOfWork, case_id: UUID, *, registered_at: datetime, actor: str, now: datetime) -> None:
    """Record that the person reported. Raises OutOfOrder before the seat exists."""
    case = lock_case_for_event(uow, case_id)
    seat = get_seat(uow, case)
    if seat is None:
        raise OutOfOrder(f"seat {case.id}")
    seat.registered_at = registered_at
    uow.session.add(seat)
    uow.record("note_registration", str(case.id), actor=actor, now=now)


def close_waiting_lists(uow: UnitOfWork, *, actor: str, now: datetime) -> None:
    """Close the waiting list of each programme whose reporting time has come: publish ApplicantNotSelected and
    RefundOrdered for each person on it."""
    waiting = select(Seat.programme).where(Seat.state == SeatState.WAITING).distinct()
    for code in uow.session.exec(waiting).all():
        if now < reload_programme(uow, code).report_at:
            continue
        lock_programme(uow, code)
        waiting_cases = select(Seat.case_id).where(Seat.programme == code, Seat.state == SeatState.WAITING)
        case_ids = uow.session.exec(waiting_cases.order_by(col(Seat.waiting_rank))).all()
        uow.lock_rows(Case, case_ids)
        for case_id in case_ids:
            case = lock_case(uow, case_id)
            seat = get_seat(uow, case)
            if seat and seat.state == SeatState.WAITING:
                uow.record("close_waiting_list", str(case.id), actor=actor, now=now)
                not_select(uow, case, seat, actor=actor, now=now)


def check_waiting_list_open(uow: UnitOfWork, programme: Programme, *, now: datetime) -> None:
    """Raise Conflict before the release, and from the reporting time on."""
    if reload_ranking(uow, programme.code).state != RankingState.RELEASED:
        raise Conflict("排名尚未发布，还没有候补名单。", code="not-released")
    if now >= programme.report_at:
        raise Conflict("已到报到时间，候补名单已关闭，不再递补。", code="waiting-list-closed")


def _lock_held_seat(uow: UnitOfWork, case_id: UUID) -> tuple[Case, Seat]:
    case = lock_case(uow, case_id)
    seat = get_seat(uow, case)
    if seat is None or seat.state != SeatState.HELD:
        raise Conflict("“{student}”没有在册的名额。", code="no-seat", values={"student": case.student_name})
    return case, seat


def _check_reason(reason: str) -> None:
    if len(reason.strip()) < 2:
        raise Invalid("请写明理由。", code="reason")
