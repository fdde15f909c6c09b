"""Lessons of the plan in force: created when a version is published, cancelled one by one."""

from datetime import date, datetime, time, timedelta
from uuid import UUID, uuid4

from sqlmodel import select

from services.scheduling.actions.locking import lock_lesson
from services.scheduling.actions.registration import check_reason
from services.scheduling.models import Attendance, Lesson, Plan, Teacher
from services.scheduling.queries.course import lessons_of
from services.scheduling.queries.plans import plan_value, teachers, venues
from services.scheduling.rules.plan.values import Half, Module
from services.scheduling.rules.plan.values import Session as PlannedSession
from shared.foundation.clock import SHANGHAI, local
from shared.foundation.errors import Conflict, Message
from shared.persistence.unit_of_work import UnitOfWork

STARTS = {Half.AM: time(9), Half.PM: time(14)}
# A lesson hour is 45 minutes (domain reading, section five), with ten minutes between two of them.
LESSON_HOUR, BREAK = timedelta(minutes=45), timedelta(minutes=10)


def replace_lessons(uow: UnitOfWork, plan: Plan, *, now: datetime) -> None:
    """Replace the future lessons by those of the plan. Lessons that have begun stay, and the plan must agree with them.

    Raises Conflict if the plan omits a lesson that was held, or puts a new one into the past.
    """
    sessions = {(one.on, one.half): (module, one) for module in plan_value(plan).modules for one in module.sessions}
    for lesson in lessons_of(uow.session, plan.programme):
        if lesson.starts_at > now:
            uow.session.delete(lesson)
        elif not lesson.cancelled and sessions.pop((lesson.on, Half(lesson.half)), None) is None:
            raise Conflict(
                "{lesson}已经上课，新的教学计划不能取消或移动它。",
                code="lesson-held",
                values={"lesson": _describe(lesson)},
            )
    uow.session.flush()
    staff = {str(row.id): row for row in teachers(uow.session)}
    places = {str(row.id): row.name for row in venues(uow.session)}
    for module, one in sessions.values():
        lesson = _lesson(plan.programme, module, one, staff[one.teacher_id], places[one.venue_id])
        if lesson.starts_at <= now:
            raise Conflict(
                "{lesson}已经过去，不能再安排课程，请重新编排。",
                code="lesson-past",
                values={"lesson": _describe(lesson)},
            )
        uow.session.add(lesson)
    uow.session.flush()


def cancel_lesson(uow: UnitOfWork, lesson_id: UUID, reason: str, *, actor: str, now: datetime) -> None:
    """Cancel a lesson. Until a new version of the plan makes it up, the plan may lack hours.

    A repeat changes nothing. Raises Conflict once attendance was recorded.
    """
    check_reason(reason)
    lesson = lock_lesson(uow, lesson_id)
    if lesson.cancelled:
        return
    if uow.session.exec(select(Attendance).where(Attendance.lesson_id == lesson_id)).first():
        raise Conflict("本课次已登记考勤，不能取消。", code="lesson-held")
    lesson.cancelled, lesson.cancel_reason = True, reason.strip()
    uow.session.add(lesson)
    details = {"reason": lesson.cancel_reason}
    uow.record("cancel_lesson", str(lesson_id), actor=actor, now=now, details=details)


def _lesson(programme: str, module: Module, one: PlannedSession, teacher: Teacher, venue: str) -> Lesson:
    starts_at = half_day_start(one.on, one.half)
    return Lesson(
        id=uuid4(),
        programme=programme,
        module=module.number,
        on=one.on,
        half=one.half,
        starts_at=starts_at,
        ends_at=starts_at + LESSON_HOUR * one.hours + BREAK * (one.hours - 1),
        kind=one.kind,
        stage=one.stage,
        topic=one.topic,
        teacher_id=teacher.id,
        teacher=teacher.name,
        teacher_kind=teacher.kind,
        venue_id=UUID(one.venue_id),
        venue=venue,
        region=module.region,
        hours=one.hours,
    )


def half_day_start(on: date, half: Half) -> datetime:
    """Return when a half-day begins."""
    return datetime.combine(on, STARTS[half], SHANGHAI)


def _describe(lesson: Lesson) -> Message:
    half = Message("上午" if lesson.half == Half.AM else "下午")
    return Message("{day:%Y年%m月%d日}{half}的课程", {"day": local(lesson.starts_at), "half": half})
