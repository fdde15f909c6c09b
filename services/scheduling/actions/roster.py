"""The roster, from the events of review and billing: who holds a seat, and whether the fee is paid."""

from datetime import datetime
from typing import Any
from uuid import UUID

from services.scheduling.actions.locking import get_student
from services.scheduling.actions.notices import enqueue_schedule
from services.scheduling.models import Fee, Student
from services.scheduling.queries.plans import published_plan
from services.scheduling.states import STUDENT_STEPS, STUDENT_TITLES, StudentState
from shared.events.review import StudentAdmitted
from shared.foundation.transitions import check_step
from shared.persistence.unit_of_work import UnitOfWork


def admit_student(uow: UnitOfWork, event: StudentAdmitted, *, actor: str, now: datetime) -> None:
    """Add an admitted person to the roster, awaiting payment and report day; a repeat only updates the data."""
    row = get_student(uow, event.application_id)
    fee = uow.session.get(Fee, event.application_id)
    columns = _columns(event) | {"paid": fee is not None and fee.paid}
    row = row or Student(application_id=event.application_id, state="", **columns)
    for name, value in columns.items():
        setattr(row, name, value)
    if row.state in ("", StudentState.RELEASED):
        step_student(row, StudentState.EXPECTED)
        if plan := published_plan(uow.session, row.programme):
            enqueue_schedule(uow, row, plan, now=now)
    uow.session.add(row)
    uow.record("admit_student", str(row.application_id), actor=actor, now=now)


def _columns(event: StudentAdmitted) -> dict[str, Any]:
    candidate = event.candidate
    columns = {name: getattr(event, name) for name in ("programme", "letter_no", "rank", "admitted_at")}
    columns |= {
        name: getattr(candidate, name) for name in ("application_no", "name", "position", "firm_name", "unit_code")
    }
    return columns | {
        "identity": candidate.identity.model_dump(),
        "identity_mask": candidate.identity.mask,
        "mobile_mask": candidate.mobile.mask,
        "email": candidate.email.model_dump(),
    }


def note_fee(uow: UnitOfWork, application_id: UUID, *, paid: bool, paid_fen: int, actor: str, now: datetime) -> None:
    """Store the fee's state as billing last published it, also for a person who holds no seat yet."""
    row = uow.get_locked(Fee, application_id) or Fee(application_id=application_id, paid=False, paid_fen=0)
    row.paid, row.paid_fen = paid, paid_fen
    uow.session.add(row)
    student = get_student(uow, application_id)
    if student is not None:
        student.paid = paid
        uow.session.add(student)
    uow.record("note_fee", str(application_id), actor=actor, now=now, details={"paid": paid})


def step_student(row: Student, target: StudentState) -> None:
    """Change the state of a student. Raises Conflict if STUDENT_STEPS does not allow the transition."""
    source = StudentState(row.state) if row.state else None
    check_step(STUDENT_STEPS, source, target, titles=STUDENT_TITLES)
    row.state = target
