"""Scheduling's statistics for the closing summary; each counts rows over all programmes."""

from typing import Any

from sqlmodel import Session, col, func, select

from services.scheduling.models import (
    Attendance,
    Candidate,
    Certificate,
    Interview,
    Lesson,
    Notice,
    Plan,
    Student,
)
from services.scheduling.states import BookingState, CandidateState, PlanState, StudentState


def stats(session: Session) -> dict[str, int]:
    """Return counts by name.

    `candidates`: ever verified. `notices_sent`: current interviews whose notice was sent. `roster`: seats now held,
    registered or not. `schedules_sent`: people on the roster who got the calendar of the plan in force. `registered`:
    reported, including those who dropped out since. `plan_days`, `plan_hours`: of the lessons in force that were not
    cancelled.
    """
    held = col(Student.state) != StudentState.RELEASED
    left = col(Student.dropped_out_at).is_not(None)
    on_roster = select(Student.application_id).where(held)
    in_force = col(Lesson.cancelled).is_(False)
    return {
        "candidates": _count(session, Candidate),
        "interviews_scheduled": _count(session, Interview, Interview.state == BookingState.CURRENT),
        "interviews_missed_final": _count(session, Candidate, Candidate.state == CandidateState.MISSED),
        "notices_sent": _count_notified(session, Interview, Interview.state == BookingState.CURRENT),
        "schedules_sent": _count_notified(
            session, Plan, Plan.state == PlanState.PUBLISHED, col(Notice.application_id).in_(on_roster)
        ),
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


def _count_notified(session: Session, subject: type[Any], *conditions: Any) -> int:
    """Count the people who were sent a notice about such a subject, each once."""
    people = select(func.count(func.distinct(Notice.application_id))).join(subject, subject.id == Notice.subject_id)
    return session.exec(people.where(col(Notice.sent_at).is_not(None), *conditions)).one()
