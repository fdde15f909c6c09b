"""Candidates: opened by review's events, cancelled by review's or intake's."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import select

from services.scheduling.actions.locking import get_candidate
from services.scheduling.actions.notices import void_notices
from services.scheduling.models import Candidate, Interview, Withdrawal
from services.scheduling.states import CANDIDATE_STEPS, CANDIDATE_TITLES, BookingState, CandidateState
from shared.events.review import ApplicationVerified
from shared.foundation.transitions import check_step
from shared.persistence.unit_of_work import UnitOfWork


def open_candidate(uow: UnitOfWork, event: ApplicationVerified, *, actor: str, now: datetime) -> None:
    """Add a verified person to the candidates who wait for an interview; a repeat only updates the data.

    A person who withdrew before stays cancelled.
    """
    row = get_candidate(uow, event.application_id)
    withdrawn = uow.session.get(Withdrawal, event.application_id) is not None
    if row is None:
        row = Candidate(application_id=event.application_id, state="", **_columns(event))
        step_candidate(row, CandidateState.CANCELLED if withdrawn else CandidateState.WAITING)
    elif row.state == CandidateState.CANCELLED and not withdrawn:
        step_candidate(row, CandidateState.WAITING)
    for name, value in _columns(event).items():
        setattr(row, name, value)
    uow.session.add(row)
    uow.record("open_candidate", str(row.application_id), actor=actor, now=now)


def _columns(event: ApplicationVerified) -> dict[str, Any]:
    named = ("application_no", "name", "position", "firm_name", "credit_code", "unit_code")
    columns = {name: getattr(event.candidate, name) for name in named}
    return columns | {
        "programme": event.programme,
        "verified_at": event.verified_at,
        "mode": event.candidate.interview_mode,
        "email": event.candidate.email.model_dump(),
        "mobile_mask": event.candidate.mobile.mask,
    }


def cancel_candidate(uow: UnitOfWork, application_id: UUID, *, actor: str, now: datetime) -> None:
    """Cancel a candidate and the current booking. Nothing happens for an unknown, cancelled or finally missed
    candidate."""
    row = get_candidate(uow, application_id)
    if row is None or row.state in (CandidateState.CANCELLED, CandidateState.MISSED):
        return
    end_booking(uow, row, BookingState.CANCELLED)
    step_candidate(row, CandidateState.CANCELLED)
    uow.session.add(row)
    uow.record("cancel_candidate", str(application_id), actor=actor, now=now)


def note_withdrawal(
    uow: UnitOfWork, application_id: UUID, *, withdrawn_at: datetime, actor: str, now: datetime
) -> None:
    """Store that the application was withdrawn, even if ApplicationVerified has not arrived yet, and cancel the
    candidate."""
    if uow.session.get(Withdrawal, application_id) is None:
        uow.session.add(Withdrawal(application_id=application_id, withdrawn_at=withdrawn_at))
    cancel_candidate(uow, application_id, actor=actor, now=now)


def end_booking(uow: UnitOfWork, row: Candidate, state: BookingState) -> Interview | None:
    """End the current booking of a locked candidate and void its unsent notices. Returns the booking, or None if there
    is none."""
    current = select(Interview).where(
        Interview.application_id == row.application_id, Interview.state == BookingState.CURRENT
    )
    booking = uow.session.exec(current).one_or_none()
    if booking is None:
        return None
    booking.state = state
    uow.session.add(booking)
    void_notices(uow, booking.id)
    uow.session.flush()
    return booking


def step_candidate(row: Candidate, target: CandidateState) -> None:
    """Change the state of a candidate. Raises Conflict if CANDIDATE_STEPS does not allow the transition."""
    source = CandidateState(row.state) if row.state else None
    check_step(CANDIDATE_STEPS, source, target, titles=CANDIDATE_TITLES)
    row.state = target
