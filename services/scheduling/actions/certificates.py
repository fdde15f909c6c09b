"""The certificate list: who completed every lesson and passed, what others lack, and who left before the end."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from services.scheduling.actions.locking import lock_programme, lock_student
from services.scheduling.models import Certificate, Student
from services.scheduling.queries import course
from services.scheduling.queries.roster import students
from services.scheduling.rules.certificates import Eligibility, ScheduledLesson, certificate_eligibility
from services.scheduling.states import Mark, StudentState
from shared.events.scheduling import CertificateRecorded
from shared.foundation.errors import Conflict
from shared.persistence.unit_of_work import UnitOfWork


def record_certificates(uow: UnitOfWork, code: str, *, actor: str, now: datetime) -> list[Certificate]:
    """Decide on a certificate for everyone who registered (notice, clause 3).

    Publishes CertificateRecorded for each new or changed result; a repeat publishes nothing. A person who dropped out
    is not certified. Raises Conflict before the last lesson is over.
    """
    programme = lock_programme(uow, code)
    lessons = course.scheduled_lessons(uow.session, code)
    held = [lesson for lesson in lessons if not lesson.cancelled]
    if not held or held[-1].ends_at > now:
        raise Conflict("课程尚未结束，现在还不能认定结业。", code="course-not-over")
    marks, results = course.marks_by_student(uow.session, code), course.attempts(uow.session, code)
    decided = []
    for row in students(uow.session, code, StudentState.REGISTERED, StudentState.DROPPED_OUT):
        student = lock_student(uow, row.application_id)
        found = _eligibility(
            student,
            lessons,
            marks.get(student.application_id, {}),
            results.get(student.application_id, []),
            now=now,
            min_hours=programme.plan.hours,
        )
        decided.append(_record(uow, student, found, actor=actor, now=now))
    certified = sum(certificate.certified for certificate in decided)
    details = {"certified": certified, "not_certified": len(decided) - certified}
    uow.record("record_certificates", code, actor=actor, now=now, details=details)
    return decided


def record_departure(uow: UnitOfWork, student: Student, *, actor: str, now: datetime) -> Certificate:
    """Record at once that a locked student who drops out is not certified, with the hours attended. Publishes
    CertificateRecorded."""
    lessons = course.scheduled_lessons(uow.session, student.programme)
    marks = course.marks_by_student(uow.session, student.programme).get(student.application_id, {})
    found = _eligibility(student, lessons, marks, [], now=now, min_hours=0)
    return _record(uow, student, found, actor=actor, now=now)


def _eligibility(
    student: Student,
    lessons: list[ScheduledLesson],
    marks: Mapping[UUID, str],
    results: list[bool],
    *,
    now: datetime,
    min_hours: int,
) -> Eligibility:
    typed_marks = {str(lesson_id): Mark(mark) for lesson_id, mark in marks.items()}
    found = certificate_eligibility(lessons, typed_marks, results, now=now, min_hours=min_hours)
    if student.dropped_out_at is None:
        return found
    return Eligibility((f"中途退学：{student.drop_out_reason}",), found.attended_hours)


def _record(uow: UnitOfWork, student: Student, found: Eligibility, *, actor: str, now: datetime) -> Certificate:
    kept = uow.session.get(Certificate, student.application_id)
    result = (found.is_eligible, found.attended_hours, list(found.reasons))
    if kept is not None and (kept.certified, kept.hours, kept.reasons) == result:
        return kept
    certificate = uow.session.merge(
        Certificate(
            application_id=student.application_id,
            programme=student.programme,
            name=student.name,
            certified=found.is_eligible,
            hours=found.attended_hours,
            reasons=list(found.reasons),
            recorded_at=now,
        )
    )
    uow.session.flush()
    details = {"certified": found.is_eligible}
    uow.record("record_certificate", str(student.application_id), actor=actor, now=now, details=details)
    event = CertificateRecorded(
        application_id=student.application_id,
        programme=student.programme,
        certified=found.is_eligible,
        hours=found.attended_hours,
        reasons=found.reasons,
    )
    uow.publish(event, now=now)
    return certificate
