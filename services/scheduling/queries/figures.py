"""The service's own numbers, for the house's closing summary; each counts rows over all programmes."""

from typing import Any

from sqlmodel import Session, col, func, select

from services.scheduling.models import (
    Attendance,
    Candidate,
    Certificate,
    Interview,
    Lesson,
    Notice,
    Student,
)
from services.scheduling.states import BookingStatus, CandidateStatus, StudentStatus


def figures(session: Session) -> dict[str, int]:
    """Name -> count. `candidates`: ever verified; `roster`: seats now held, registered or not; `registered`: reported, also
    those who dropped out since; `plan_days`, `plan_hours`: of the lessons in force that were not cancelled."""
    held = col(Student.status) != StudentStatus.RELEASED
    left = col(Student.dropped_out_at).is_not(None)
    in_force = col(Lesson.cancelled).is_(False)
    return {
        "candidates": _count(session, Candidate),
        "interviews_scheduled": _count(session, Interview, Interview.status == BookingStatus.CURRENT),
        "interviews_missed_final": _count(session, Candidate, Candidate.status == CandidateStatus.MISSED),
        "notices_due": _count(session, Notice, col(Notice.void).is_(False)),
        "notices_sent": _count(session, Notice, col(Notice.void).is_(False), col(Notice.sent_at).is_not(None)),
        "roster": _count(session, Student, held),
        "registered": _count(session, Student, held | left, col(Student.registered_at).is_not(None)),
        "dropped_out": _count(session, Student, left),
        "sessions": _count(session, Lesson, in_force),
        "attendance_marks": _count(session, Attendance),
        "plan_days": session.exec(select(func.count(func.distinct(Lesson.on))).where(in_force)).one(),
        "plan_hours": int(session.exec(select(func.coalesce(func.sum(Lesson.hours), 0)).where(in_force)).one()),
        "certified": _count(session, Certificate, col(Certificate.certified).is_(True)),
        "not_certified": _count(session, Certificate, col(Certificate.certified).is_(False)),
    }


def _count(session: Session, model: type[Any], *conditions: Any) -> int:
    return session.exec(select(func.count()).select_from(model).where(*conditions)).one()
