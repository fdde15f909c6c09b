"""Pages for the half-days of the course: attendance form, sign-in sheet, cancellation."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response

from services.scheduling import actions, documents
from services.scheduling.pages.forms import Entries, Reader, Registrar, Scheduler, row_values
from services.scheduling.pages.labels import ACTION_TITLES, HALVES, KINDS, MARKS, TEACHERS
from services.scheduling.queries import course, papers, roster
from services.scheduling.queries.programmes import chosen_programme
from shared.dashboard import Download, done, file_reply, page, t
from shared.dashboard.history import history
from shared.foundation.text import Lines
from shared.http.fields import QueryCode
from shared.http.web import Now, ReadingSession, Uow

router = APIRouter()


@router.get("/sessions")
def show_sessions(
    request: Request, actor: Reader, session: ReadingSession, now: Now, programme: QueryCode = ""
) -> Response:
    """Show every half-day with its attendance progress, and who misses lessons."""
    chosen = chosen_programme(session, programme)
    return page(
        request,
        "scheduling_sessions.html",
        title="考勤",
        subtitle=chosen.title,
        lessons=course.lessons_of(session, chosen.code),
        recorded=course.marks_per_lesson(session, chosen.code),
        unrecorded=course.unrecorded_lessons(session, chosen.code, now=now),
        missing=course.missing_students(session, chosen.code),
        students=len(roster.in_course(session, chosen.code)),
        now=now,
        halves=HALVES,
        kinds=KINDS,
    )


@router.get("/sessions/{lesson_id}")
def show_session(request: Request, lesson_id: UUID, actor: Reader, session: ReadingSession, now: Now) -> Response:
    """Show one half-day: the attendance form with a line per student."""
    lesson = course.lesson_of(session, lesson_id)
    marks = course.marks_of_lesson(session, lesson_id)
    return page(
        request,
        "scheduling_session.html",
        title=t("第 {number} 次集中授课 · {region}", number=lesson.module, region=t(HALVES[lesson.half])),
        back="/scheduling/sessions",
        downloads=[Download("打印签到表", f"/scheduling/sessions/{lesson_id}/sheet")],
        lesson=lesson,
        begun=lesson.starts_at <= now,
        students=roster.in_course(session, lesson.programme),
        recorded=marks,
        marks=MARKS,
        kinds={**KINDS, **TEACHERS},
        rows=history(session, str(lesson_id)),
        titles=ACTION_TITLES,
    )


@router.post("/sessions/{lesson_id}/attendance")
def record_attendance(
    request: Request, lesson_id: UUID, actor: Registrar, uow: Uow, now: Now, fields: Entries
) -> Response:
    """Store one half-day's attendance. Fields: `mark-<application id>` = present, absent, leave or made_up, one per
    student; students without a field are unchanged."""
    changed = actions.record_attendance(uow, lesson_id, row_values(fields, "mark"), actor=actor.account, now=now)
    return done(request, f"/scheduling/sessions/{lesson_id}", t("考勤已保存，{count} 人有更新。", count=changed))


@router.get("/sessions/{lesson_id}/sheet")
def show_sheet(lesson_id: UUID, actor: Reader, session: ReadingSession, now: Now) -> Response:
    """Return 签到表 as PDF."""
    lesson = course.lesson_of(session, lesson_id)
    content = documents.sign_in_sheet(papers.sign_in_sheet_of(session, lesson, now=now))
    name = f"签到表 {lesson.on:%Y-%m-%d} {HALVES[lesson.half]}.pdf"
    return file_reply(content, name=name, media_type="application/pdf", inline=True)


@router.post("/sessions/{lesson_id}/cancel")
def cancel_lesson(
    request: Request,
    lesson_id: UUID,
    actor: Scheduler,
    uow: Uow,
    now: Now,
    reason: Annotated[Lines, Form(max_length=200)] = "",
) -> Response:
    """Cancel a half-day. Field: `reason`."""
    actions.cancel_lesson(uow, lesson_id, reason, actor=actor.account, now=now)
    text = "已取消本课次。课时不足时，须发布补课后的新版教学计划，才能认定结业。"
    return done(request, f"/scheduling/sessions/{lesson_id}", text, tone="warning")
