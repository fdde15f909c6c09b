"""The roster as review and billing say it: who holds a seat, and whether the fee is paid."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import select

from services.scheduling.actions.notices import owe_schedule
from services.scheduling.models import Fee, Student
from services.scheduling.queries.plans import published_plan
from services.scheduling.states import STUDENT_STEPS, STUDENT_TITLES, StudentState
from shared.events.review import StudentAdmitted
from shared.foundation.transitions import check_step
from shared.persistence.columns import for_update
from shared.persistence.unit_of_work import UnitOfWork


def admit_student(uow: UnitOfWork, event: StudentAdmitted, *, actor: str, now: datetime) -> None:
    """Puts the person on the roster, awaiting payment and report day; a repeat only renews the data."""
    row = uow.session.exec(
        for_update(select(Student).where(Student.application_id == event.application_id))
    ).one_or_none()
    fee = uow.session.get(Fee, event.application_id)
    columns = _columns(event) | {"paid": fee is not None and fee.paid}
    row = row or Student(application_id=event.application_id, state="", **columns)
    for name, value in columns.items():
        setattr(row, name, value)
    if row.state in ("", StudentState.RELEASED):
        step(row, StudentState.EXPECTED)
        if plan := published_plan(uow.session, row.programme):
            owe_schedule(uow, row, plan, now=now)
    uow.session.add(row)
    uow.record("admit_student", str(row.application_id), actor=actor, now=now)


def _columns(event: StudentAdmitted) -> dict[str, Any]:
    given = event.candidate
    columns = {name: getattr(event, name) for name in ("programme", "letter_no", "rank", "admitted_at")}
    columns |= {name: getattr(given, name) for name in ("application_no", "name", "position", "firm_name", "unit_code")}
    return columns | {
        "identity": given.identity.model_dump(),
        "identity_mask": given.identity.mask,
        "mobile_mask": given.mobile.mask,
        "email": given.email.model_dump(),
    }


def note_fee(uow: UnitOfWork, application_id: UUID, *, paid: bool, paid_fen: int, actor: str, now: datetime) -> None:
    """Keeps what billing last said of the fee, also of a person who holds no seat yet."""
    row = uow.session.exec(for_update(select(Fee).where(Fee.application_id == application_id))).one_or_none()
    row = row or Fee(application_id=application_id, paid=False, paid_fen=0)
    row.paid, row.paid_fen = paid, paid_fen
    uow.session.add(row)
    student = uow.session.exec(
        for_update(select(Student).where(Student.application_id == application_id))
    ).one_or_none()
    if student is not None:
        student.paid = paid
        uow.session.add(student)
    uow.record("note_fee", str(application_id), actor=actor, now=now, details={"paid": paid})


def step(row: Student, target: StudentState) -> None:
    """Moves a student on, as the table in states.py allows. Raises Conflict."""
    source = StudentState(row.state) if row.state else None
    check_step(STUDENT_STEPS, source, target, titles=STUDENT_TITLES)
    row.state = target
