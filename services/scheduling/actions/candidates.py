"""Who is to be interviewed: opened by review's word, ended by review's or the platform's."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import select

from services.scheduling.actions.notices import void_notices
from services.scheduling.models import Candidate, Interview, Withdrawal
from services.scheduling.states import CANDIDATE_STEPS, CANDIDATE_TITLES, BookingState, CandidateState
from shared.events.review import ApplicationVerified
from shared.foundation.transitions import check_step
from shared.persistence.columns import for_update
from shared.persistence.unit_of_work import UnitOfWork


def open_candidate(uow: UnitOfWork, event: ApplicationVerified, *, actor: str, now: datetime) -> None:
    """Puts a verified person on the list of those who wait for an interview, with the newest data; a repeat changes nothing
    else. Somebody who withdrew before stays cancelled."""
    row = uow.session.exec(
        for_update(select(Candidate).where(Candidate.application_id == event.application_id))
    ).one_or_none()
    withdrawn = uow.session.get(Withdrawal, event.application_id) is not None
    if row is None:
        row = Candidate(application_id=event.application_id, state="", **_columns(event))
        step(row, CandidateState.CANCELLED if withdrawn else CandidateState.WAITING)
    elif row.state == CandidateState.CANCELLED and not withdrawn:
        step(row, CandidateState.WAITING)
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
    """Ends the way to the interview, and a booked one. An unknown person, or one whose way has ended, changes nothing."""
    row = uow.session.exec(
        for_update(select(Candidate).where(Candidate.application_id == application_id))
    ).one_or_none()
    if row is None or row.state in (CandidateState.CANCELLED, CandidateState.MISSED):
        return
    end_booking(uow, row, BookingState.CANCELLED)
    step(row, CandidateState.CANCELLED)
    uow.session.add(row)
    uow.record("cancel_candidate", str(application_id), actor=actor, now=now)


def note_withdrawal(
    uow: UnitOfWork, application_id: UUID, *, withdrawn_at: datetime, actor: str, now: datetime
) -> None:
    """Remembers that the application was taken back, also when review's word on it is still under way."""
    if uow.session.get(Withdrawal, application_id) is None:
        uow.session.add(Withdrawal(application_id=application_id, withdrawn_at=withdrawn_at))
    cancel_candidate(uow, application_id, actor=actor, now=now)


def end_booking(uow: UnitOfWork, row: Candidate, state: BookingState) -> Interview | None:
    """Ends the current booking of a locked candidate, and what was owed on paper for it; None if there is none."""
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


def step(row: Candidate, target: CandidateState) -> None:
    """Moves a candidate on, as the table in states.py allows. Raises Conflict."""
    source = CandidateState(row.state) if row.state else None
    check_step(CANDIDATE_STEPS, source, target, titles=CANDIDATE_TITLES)
    row.state = target
