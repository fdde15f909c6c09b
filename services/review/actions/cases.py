"""Open, reopen and close cases, as intake's events on applications require."""

from datetime import datetime
from typing import Any
from uuid import UUID

from services.review.actions.locking import lock_case_for_event, step_case
from services.review.actions.seats import leave_seat
from services.review.actions.work import close_work_items
from services.review.models import Case, ProgrammeRow
from services.review.states import CaseState
from shared.events.intake import ApplicationSubmitted
from shared.foundation.errors import OutOfOrder
from shared.persistence.unit_of_work import UnitOfWork


def open_case(uow: UnitOfWork, event: ApplicationSubmitted, *, actor: str, now: datetime) -> None:
    """Open a case for an application; an existing case is unchanged. Raises OutOfOrder before the programme is
    known."""
    if uow.session.get(ProgrammeRow, event.programme) is None:
        raise OutOfOrder(f"programme {event.programme}")
    if uow.get_locked(Case, event.application_id) is not None:
        return
    uow.add_locked(Case(id=event.application_id, state=CaseState.OPEN, **_columns(event)))
    uow.record("open_case", str(event.application_id), actor=actor, now=now)


def reopen_case(uow: UnitOfWork, event: ApplicationSubmitted, *, actor: str, now: datetime) -> None:
    """Store a corrected application. All checks start again, because checks belong to a revision.

    A case that was decided meanwhile keeps its decision. A repeat or an older revision changes nothing.
    """
    case = lock_case_for_event(uow, event.application_id)
    if event.revision <= case.revision:
        return
    for name, value in _columns(event).items():
        setattr(case, name, value)
    if case.state == CaseState.RETURNED:
        step_case(uow, case, CaseState.OPEN)
        case.defects, case.correct_by = [], None
    uow.session.add(case)
    uow.record("reopen_case", str(case.id), actor=actor, now=now, details={"revision": case.revision})


def note_consent(uow: UnitOfWork, case_id: UUID, *, consented_at: datetime, actor: str, now: datetime) -> None:
    """Record that the student gave consent in person (PIPL, art. 29)."""
    case = lock_case_for_event(uow, case_id)
    case.consented_at = consented_at
    uow.session.add(case)
    uow.record("note_consent", str(case.id), actor=actor, now=now)


def withdraw_case(uow: UnitOfWork, case_id: UUID, *, reason: str, actor: str, now: datetime) -> None:
    """Close a withdrawn case: release a held seat (SeatReleased) and order a refund (RefundOrdered).

    A rejected case stays rejected; a repeat changes nothing.
    """
    case = lock_case_for_event(uow, case_id)
    if case.state in (CaseState.WITHDRAWN, CaseState.REJECTED):
        return
    step_case(uow, case, CaseState.WITHDRAWN)
    case.reason, case.decided_at = reason, now
    uow.record("withdraw_case", str(case.id), actor=actor, now=now, details={"reason": reason})
    leave_seat(uow, case, reason=reason, actor=actor, now=now)
    close_work_items(uow, case.id, "报名已撤回", actor=actor, now=now)


def _columns(event: ApplicationSubmitted) -> dict[str, Any]:
    named = ("programme", "application_no", "platform_no", "payment_reference", "revision", "submitted_at", "unit_code")
    student, firm = event.student, event.firm
    return {name: getattr(event, name) for name in named} | {
        "recommendation": event.recommendation,
        "interview_mode": event.interview_mode,
        "student_name": student.name,
        "identity_mask": student.identity.mask,
        "firm_name": firm.name,
        "tier": firm.tier,
        "content": event.model_dump(mode="json", include={"student", "firm", "invoice", "scans"}),
    }
