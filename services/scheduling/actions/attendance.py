"""Attendance per half-day, and the final assessment."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlmodel import select

from services.scheduling.actions.locking import lock_lesson, lock_programme, lock_student
from services.scheduling.models import Assessment, Attendance, Lesson
from services.scheduling.queries.course import lessons_of
from services.scheduling.queries.roster import students
from services.scheduling.states import MARK_TITLES, Mark, StudentState
from shared.foundation.clock import local
from shared.foundation.errors import Conflict, FieldError, Invalid, Joined, Message
from shared.persistence.unit_of_work import UnitOfWork


def record_attendance(uow: UnitOfWork, lesson_id: UUID, marks: Mapping[UUID, str], *, actor: str, now: datetime) -> int:
    """Store the marks of one half-day; students not named are unchanged. The audit record holds each changed mark's old
    value.

    Returns the number of new or changed marks. Raises Conflict before the lesson begins or if it was cancelled, and
    Invalid for a mark of a person who is not in the course.
    """
    lesson = lock_lesson(uow, lesson_id)
    if lesson.cancelled:
        raise Conflict("本课次已取消，不能登记考勤。", code="lesson-cancelled")
    if now < lesson.starts_at:
        raise Conflict(
            "本课次 {starts_at:%Y年%m月%d日%H:%M} 才开始，现在还不能登记考勤。",
            code="too-early",
            values={"starts_at": local(lesson.starts_at)},
        )
    _check_marks(uow, lesson, marks)
    existing = {
        row.application_id: row
        for row in uow.session.exec(select(Attendance).where(Attendance.lesson_id == lesson_id)).all()
    }
    changed, corrections = 0, {}
    for application_id, mark in marks.items():
        row = existing.get(application_id)
        if row is None:
            row = Attendance(
                lesson_id=lesson_id, application_id=application_id, mark=mark, recorded_by=actor, recorded_at=now
            )
        elif row.mark == mark:
            continue
        else:
            corrections[str(application_id)] = [row.mark, mark]
            row.mark, row.recorded_by, row.recorded_at = mark, actor, now
        uow.session.add(row)
        changed += 1
    uow.session.flush()
    details = {"recorded": changed - len(corrections), "corrections": corrections}
    uow.record("record_attendance", str(lesson_id), actor=actor, now=now, details=details)
    return changed


def _check_marks(uow: UnitOfWork, lesson: Lesson, marks: Mapping[UUID, str]) -> None:
    in_course = {row.application_id for row in students(uow.session, lesson.programme, StudentState.REGISTERED)}
    field_errors = [
        FieldError(f"mark-{application_id}", "not-in-course", "该学员不在班级名单中（未报到、已退学或名额已释放）")
        for application_id in marks
        if application_id not in in_course
    ]
    titles = Joined([Message(title) for title in MARK_TITLES.values()], "、")
    field_errors += [
        FieldError(f"mark-{application_id}", "mark", "考勤只能是{marks}之一", {"marks": titles})
        for application_id, mark in marks.items()
        if mark not in set(Mark)
    ]
    if field_errors:
        values = {"count": len(field_errors), "first": field_errors[0]}
        raise Invalid(
            "考勤有 {count} 处需要更正。{first}。", code="attendance", field_errors=field_errors, values=values
        )


def record_assessments(
    uow: UnitOfWork, programme: str, results: Mapping[UUID, bool], *, actor: str, now: datetime
) -> int:
    """Record one assessment attempt for each person (true: passed); a person who failed may try again.

    Returns the number of recorded attempts. Raises Conflict before the first lesson, for a person who is not in the
    course, and for a person who has passed.
    """
    lock_programme(uow, programme)
    lessons = [lesson for lesson in lessons_of(uow.session, programme) if not lesson.cancelled]
    if not lessons or now < lessons[0].starts_at:
        raise Conflict("课程尚未开始，不能登记考核结果。", code="too-early")
    for application_id, passed in results.items():
        _record_attempt(uow, programme, application_id, passed, actor=actor, now=now)
    return len(results)


def _record_attempt(
    uow: UnitOfWork, programme: str, application_id: UUID, passed: bool, *, actor: str, now: datetime
) -> None:
    student = lock_student(uow, application_id)
    if student.programme != programme or student.state != StudentState.REGISTERED:
        raise Conflict(
            "{student}不在班级名单中，不能登记考核结果。", code="not-in-course", values={"student": student.name}
        )
    before = uow.session.exec(select(Assessment).where(Assessment.application_id == application_id)).all()
    if any(row.passed for row in before):
        raise Conflict("{student}已考核合格，无需再次登记。", code="already-passed", values={"student": student.name})
    attempt = len(before) + 1
    row = Assessment(application_id=application_id, attempt=attempt, passed=passed, recorded_by=actor, recorded_at=now)
    uow.session.add(row)
    uow.session.flush()
    details = {"attempt": attempt, "passed": passed}
    uow.record("record_assessment", str(application_id), actor=actor, now=now, details=details)
