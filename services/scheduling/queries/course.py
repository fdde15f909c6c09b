"""Queries on the lessons of the plan in force, their attendance, and the assessments."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, func, select

from services.scheduling.errors import Unknown
from services.scheduling.models import Assessment, Attendance, Lesson, Student
from services.scheduling.rules.certificates import ScheduledLesson
from services.scheduling.states import Mark, StudentState

MISSED = (Mark.ABSENT, Mark.LEAVE)


def lesson_of(session: Session, lesson_id: UUID) -> Lesson:
    """Return a lesson. Raises Unknown."""
    row = session.get(Lesson, lesson_id)
    if row is None:
        raise Unknown("课次")
    return row


def lessons_of(session: Session, programme: str) -> list[Lesson]:
    """List the lessons of the plan in force, in order, including cancelled ones."""
    return list(session.exec(select(Lesson).where(Lesson.programme == programme).order_by(col(Lesson.starts_at))).all())


def scheduled_lessons(session: Session, programme: str) -> list[ScheduledLesson]:
    """List the lessons in order as the certificate rules' type, each with a readable title."""
    return [
        ScheduledLesson(
            id=str(row.id),
            title=f"{row.on:%m月%d日}{'上午' if row.half == 'am' else '下午'}",
            ends_at=row.ends_at,
            hours=row.hours,
            cancelled=row.cancelled,
        )
        for row in lessons_of(session, programme)
    ]


def marks_of_lesson(session: Session, lesson_id: UUID) -> dict[UUID, str]:
    """Map application id to mark, for one lesson."""
    rows = session.exec(select(Attendance).where(Attendance.lesson_id == lesson_id)).all()
    return {row.application_id: row.mark for row in rows}


def marks_per_lesson(session: Session, programme: str) -> dict[UUID, int]:
    """Map lesson id to the number of its marks; lessons without any are absent."""
    found = (
        select(Attendance.lesson_id, func.count())
        .join(Lesson, col(Lesson.id) == Attendance.lesson_id)
        .where(Lesson.programme == programme)
        .group_by(col(Attendance.lesson_id))
    )
    return dict(session.exec(found).all())


def marks_by_student(session: Session, programme: str) -> dict[UUID, dict[UUID, str]]:
    """Map application id to lesson id to mark, for lessons that were not cancelled."""
    found = (
        select(Attendance)
        .join(Lesson, col(Lesson.id) == Attendance.lesson_id)
        .where(Lesson.programme == programme, col(Lesson.cancelled).is_(False))
    )
    marks: defaultdict[UUID, dict[UUID, str]] = defaultdict(dict)
    for row in session.exec(found).all():
        marks[row.application_id][row.lesson_id] = row.mark
    return marks


@dataclass(frozen=True)
class Missing:
    """A student with missed lessons that were not made up."""

    student: Student
    lessons: tuple[Lesson, ...]

    @property
    def hours(self) -> int:
        """The number of missed lesson hours."""
        return sum(lesson.hours for lesson in self.lessons)


def missing_students(session: Session, programme: str) -> list[Missing]:
    """List registered students with missed lessons that were not made up, the most hours first."""
    lessons = {lesson.id: lesson for lesson in lessons_of(session, programme)}
    marks = marks_by_student(session, programme)
    found = []
    for student in session.exec(
        select(Student).where(Student.programme == programme, Student.state == StudentState.REGISTERED)
    ).all():
        missed = [lessons[at] for at, mark in marks.get(student.application_id, {}).items() if mark in MISSED]
        if missed:
            found.append(Missing(student, tuple(sorted(missed, key=lambda lesson: lesson.starts_at))))
    return sorted(found, key=lambda one: (-one.hours, one.student.rank))


def unrecorded_lessons(session: Session, programme: str, *, now: datetime) -> list[Lesson]:
    """List the lessons that have begun and lack the mark of some registered student."""
    in_course = select(func.count()).where(Student.programme == programme, Student.state == StudentState.REGISTERED)
    expected = session.exec(in_course).one()
    marked = marks_per_lesson(session, programme)
    return [
        lesson
        for lesson in lessons_of(session, programme)
        if lesson.starts_at <= now and not lesson.cancelled and marked.get(lesson.id, 0) < expected
    ]


def attempts(session: Session, programme: str) -> dict[UUID, list[bool]]:
    """Map application id to the assessment results in order."""
    found = (
        select(Assessment)
        .join(Student, col(Student.application_id) == Assessment.application_id)
        .where(Student.programme == programme)
        .order_by(col(Assessment.attempt))
    )
    results: defaultdict[UUID, list[bool]] = defaultdict(list)
    for row in session.exec(found).all():
        results[row.application_id].append(row.passed)
    return results
