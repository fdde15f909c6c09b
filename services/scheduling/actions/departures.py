"""Departures from the roster: seats that review releases, and students who drop out.

The waiting list closes at class start (domain reading, 1.3), so a drop-out does not free the seat: review's committee
decides on money and seat. CertificateRecorded publishes that there will be no certificate, and why.
"""

from datetime import datetime
from uuid import UUID

from services.scheduling.actions.certificates import record_departure
from services.scheduling.actions.locking import get_student, lock_student
from services.scheduling.actions.registration import check_reason
from services.scheduling.actions.roster import step_student
from services.scheduling.models import Student
from services.scheduling.queries.roster import certificate_of
from services.scheduling.states import StudentState
from shared.foundation.errors import Conflict
from shared.persistence.unit_of_work import UnitOfWork

BY_THE_COMMITTEE = "评审委员会办理退学"


def drop_out(uow: UnitOfWork, application_id: UUID, reason: str, *, actor: str, now: datetime) -> None:
    """Record that a registered student leaves the course and publish CertificateRecorded, not certified. Attendance
    stays on record. Raises Conflict for a certified student."""
    row = lock_student(uow, application_id)
    check_reason(reason)
    certificate = certificate_of(uow.session, application_id)
    if certificate is not None and certificate.certified:
        raise Conflict("{student}已认定结业，不能再登记退学。", code="certified", values={"student": row.name})
    step_student(row, StudentState.DROPPED_OUT)
    _record_drop_out(uow, row, reason.strip(), actor=actor, now=now)
    details = {"reason": row.drop_out_reason}
    uow.record("drop_out", str(application_id), actor=actor, now=now, details=details)


def release_student(uow: UnitOfWork, application_id: UUID, *, reason: str, actor: str, now: datetime) -> None:
    """Remove a person from the roster, because review owns the seat.

    The reason dropped_out also ends the course for a registered student. An unknown person or a repeat changes nothing.
    """
    row = get_student(uow, application_id)
    if row is None or row.state == StudentState.RELEASED:
        return
    in_course = row.state == StudentState.REGISTERED
    step_student(row, StudentState.RELEASED)
    uow.session.add(row)
    if in_course and reason == "dropped_out" and certificate_of(uow.session, application_id) is None:
        _record_drop_out(uow, row, BY_THE_COMMITTEE, actor=actor, now=now)
    uow.record("release_student", str(application_id), actor=actor, now=now, details={"reason": reason})


def _record_drop_out(uow: UnitOfWork, row: Student, reason: str, *, actor: str, now: datetime) -> None:
    row.dropped_out_at, row.drop_out_reason = now, reason
    uow.session.add(row)
    record_departure(uow, row, actor=actor, now=now)
