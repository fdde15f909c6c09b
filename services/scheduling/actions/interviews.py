"""Bookings of interviews: made from a proposal, moved, missed."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from services.scheduling.actions.candidates import end_booking, step_candidate
from services.scheduling.actions.locking import lock_candidate, lock_programme
from services.scheduling.actions.notices import enqueue_interview_notice
from services.scheduling.errors import Unknown
from services.scheduling.models import Candidate, Interview, Panel, Slot
from services.scheduling.queries.assignments import booking_conflicts
from services.scheduling.queries.interviews import candidate_of, current_booking
from services.scheduling.states import BookingState, CandidateState
from shared.events.scheduling import InterviewMissed, InterviewScheduled, PanelJudge
from shared.foundation.clock import local
from shared.foundation.errors import Conflict, Joined
from shared.persistence.unit_of_work import UnitOfWork

CHANCES = 2
"""One date, and a second one after a no-show (domain reading, 1.3)."""


def reschedule_interview(
    uow: UnitOfWork, application_id: UUID, *, panel_id: UUID, slot_id: UUID, actor: str, now: datetime
) -> Interview:
    """Move a booking: publish InterviewScheduled and enqueue a new notice. The same panel and slot change nothing.

    Raises Conflict if an interview rule forbids it or the interview has begun.
    """
    lock_programme(uow, candidate_of(uow.session, application_id).programme)
    candidate = lock_candidate(uow, application_id)
    booking = current_booking(uow.session, application_id)
    if booking is None:
        raise Conflict(
            "{candidate}目前没有面试安排，请先编排。", code="not-booked", values={"candidate": candidate.name}
        )
    if (booking.panel_id, booking.slot_id) == (panel_id, slot_id):
        return booking
    if booking.starts_at <= now:
        raise Conflict("该场面试已经开始，不能改期；如考生未到，请登记缺席。", code="interview-begun")
    panel, slot = uow.session.get(Panel, panel_id), uow.session.get(Slot, slot_id)
    if panel is None or slot is None:
        raise Unknown("评审组或时段")
    if booking.mode != candidate.mode:
        raise Conflict("改期不能改变面试方式（线上或现场）。", code="mode-changed")
    check_bookings(uow, candidate.programme, [(candidate, slot, panel)], now=now)
    return book(uow, candidate, panel, slot, actor=actor, now=now)


def record_no_show(uow: UnitOfWork, application_id: UUID, *, actor: str, now: datetime) -> Candidate:
    """Record a no-show and publish InterviewMissed. After the first the candidate waits for another date; the second is
    final.

    Raises Conflict before the interview has begun.
    """
    candidate = lock_candidate(uow, application_id)
    booking = current_booking(uow.session, application_id)
    if booking is None:
        raise Conflict(
            "{candidate}目前没有面试安排，不能登记缺席。", code="not-booked", values={"candidate": candidate.name}
        )
    if now < booking.starts_at:
        raise Conflict(
            "面试 {starts_at:%m月%d日%H:%M} 才开始，现在还不能登记缺席。",
            code="too-early",
            values={"starts_at": local(booking.starts_at)},
        )
    end_booking(uow, candidate, BookingState.MISSED)
    candidate.misses += 1
    final = candidate.misses >= CHANCES
    step_candidate(candidate, CandidateState.MISSED if final else CandidateState.WAITING)
    uow.session.add(candidate)
    uow.record("record_no_show", str(application_id), actor=actor, now=now, details={"final": final})
    event = InterviewMissed(
        application_id=application_id, programme=candidate.programme, missed_at=booking.starts_at, final=final
    )
    uow.publish(event, now=now)
    return candidate


def check_bookings(
    uow: UnitOfWork, programme: str, wanted: Sequence[tuple[Candidate, Slot, Panel]], *, now: datetime
) -> None:
    """Raise Conflict with every reason that forbids these bookings: a judge twice in one slot, a judge linked to the
    firm, a slot that has begun."""
    for _, slot, _ in wanted:
        if slot.starts_at <= now:
            raise Conflict(
                "{starts_at:%m月%d日%H:%M} 的时段已经开始，请重新选择或编排。",
                code="slot-past",
                values={"starts_at": local(slot.starts_at)},
            )
    if conflicts := booking_conflicts(
        uow.session, programme, [(candidate, panel.id, slot.id) for candidate, slot, panel in wanted]
    ):
        values = {"faults": Joined(conflicts[:5])}
        raise Conflict("{faults}请另选评审组或时段。", code="interview-rule", values=values)


def book(uow: UnitOfWork, candidate: Candidate, panel: Panel, slot: Slot, *, actor: str, now: datetime) -> Interview:
    """Book a locked candidate of a locked programme and replace an earlier booking. Call `check_bookings` first."""
    before = end_booking(uow, candidate, BookingState.REPLACED)
    step_candidate(candidate, CandidateState.SCHEDULED)
    uow.session.add(candidate)
    booking = Interview(
        id=uuid4(),
        application_id=candidate.application_id,
        programme=candidate.programme,
        panel_id=panel.id,
        slot_id=slot.id,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        mode=candidate.mode,
        place=panel.link if candidate.mode == "online" else panel.room,
        panel=panel.code,
        judges=[{"account": judge["account"], "name": judge["name"]} for judge in panel.judges],
        candidate_name=candidate.name,
        firm_name=candidate.firm_name,
        state=BookingState.CURRENT,
        booked_at=now,
    )
    uow.session.add(booking)
    uow.session.flush()
    verb = "reschedule_interview" if before else "book_interview"
    details = {"from": _describe(before) if before else "", "to": _describe(booking)}
    uow.record(verb, str(candidate.application_id), actor=actor, now=now, details=details)
    uow.publish(_event(booking), now=now)
    enqueue_interview_notice(uow, booking, now=now)
    return booking


def _event(booking: Interview) -> InterviewScheduled:
    return InterviewScheduled(
        application_id=booking.application_id,
        programme=booking.programme,
        starts_at=booking.starts_at,
        ends_at=booking.ends_at,
        mode="online" if booking.mode == "online" else "on_site",
        place=booking.place,
        panel=booking.panel,
        judges=tuple(PanelJudge(**judge) for judge in booking.judges),
    )


def _describe(booking: Interview) -> str:
    return f"{booking.panel} {local(booking.starts_at):%m-%d %H:%M}"
