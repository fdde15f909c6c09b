"""Leaving the roster: a seat that review gave up, a student who drops out of the course.

After the course has begun nobody moves up (domain reading, 1.3: the waiting list closes at class start), so a drop-out
leaves the seat with review, whose committee decides on money and seat; what everybody hears is that there will be no
certificate, and why.
"""

from datetime import datetime
from uuid import UUID

from sqlmodel import select

from services.scheduling.actions.certificates import record_departure
from services.scheduling.actions.locking import locked_student
from services.scheduling.actions.registration import checked_reason
from services.scheduling.actions.roster import step
from services.scheduling.models import Student
from services.scheduling.queries.roster import certificate_of
from services.scheduling.states import StudentState
from shared.foundation.errors import Conflict
from shared.persistence.columns import for_update
from shared.persistence.unit_of_work import UnitOfWork

BY_THE_COMMITTEE = "评审委员会办理退学"


def drop_out(uow: UnitOfWork, application_id: UUID, reason: str, *, actor: str, now: datetime) -> None:
    """Records that a registered student leaves the course -> CertificateRecorded, not certified; what was attended stays on
    record. Raises Conflict for somebody who is certified already."""
    row = locked_student(uow, application_id)
    checked_reason(reason)
    certificate = certificate_of(uow.session, application_id)
    if certificate is not None and certificate.certified:
        raise Conflict("{student}已认定结业，不能再登记退学。", code="certified", values={"student": row.name})
    step(row, StudentState.DROPPED_OUT)
    _leave(uow, row, reason.strip(), actor=actor, now=now)
    details = {"reason": row.drop_out_reason}
    uow.record("drop_out", str(application_id), actor=actor, now=now, details=details)


def release_student(uow: UnitOfWork, application_id: UUID, *, reason: str, actor: str, now: datetime) -> None:
    """Takes a person off the roster: review owns the seat. One that was given up because the student dropped out ends the
    course for the student too. Somebody unknown, or a repeat, changes nothing."""
    row = uow.session.exec(for_update(select(Student).where(Student.application_id == application_id))).one_or_none()
    if row is None or row.state == StudentState.RELEASED:
        return
    in_course = row.state == StudentState.REGISTERED
    step(row, StudentState.RELEASED)
    uow.session.add(row)
    if in_course and reason == "dropped_out" and certificate_of(uow.session, application_id) is None:
        _leave(uow, row, BY_THE_COMMITTEE, actor=actor, now=now)
    uow.record("release_student", str(application_id), actor=actor, now=now, details={"reason": reason})


def _leave(uow: UnitOfWork, row: Student, reason: str, *, actor: str, now: datetime) -> None:
    row.dropped_out_at, row.drop_out_reason = now, reason
    uow.session.add(row)
    record_departure(uow, row, actor=actor, now=now)
