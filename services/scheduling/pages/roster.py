"""Pages for the roster and the registrar's desk: who holds a seat, who has paid, who reports."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from sqlmodel import Session

from services.scheduling import actions
from services.scheduling.pages.forms import Reader, Registrar
from services.scheduling.pages.labels import ACTION_TITLES, HALVES, JOBS, MARKS, NOTICES, STUDENTS
from services.scheduling.queries import course, interviews, roster
from services.scheduling.queries.programmes import chosen_programme, programme_of
from services.scheduling.rules.registration import Brought
from services.scheduling.states import StudentState
from shared.dashboard import done, page, t
from shared.dashboard.history import history
from shared.foundation.clock import local
from shared.foundation.text import Lines
from shared.http.fields import QueryCode
from shared.http.web import Now, ReadingSession, Uow, WithTools
from shared.jobs.job import troubles

router = APIRouter()


@router.get("/roster")
def show_roster(
    request: Request, actor: Reader, session: ReadingSession, now: Now, programme: QueryCode = ""
) -> Response:
    """Show the progress of check-in, and everyone who is still expected."""
    chosen = chosen_programme(session, programme)
    all_students = roster.all_students(session, chosen.code)
    held = [row for row in all_students if row.state != StudentState.RELEASED]
    return page(
        request,
        "scheduling_roster.html",
        title="报到",
        subtitle=chosen.title,
        programme=chosen,
        open=local(now).date() >= local(chosen.report_at).date(),
        held=held,
        expected=[row for row in held if row.state == StudentState.EXPECTED],
        registered=[row for row in held if row.registered_at],
        unpaid=[row for row in held if not row.paid],
        labels=STUDENTS,
    )


@router.get("/roster/{application_id}")
def show_student(request: Request, application_id: UUID, actor: Reader, session: ReadingSession, now: Now) -> Response:
    """Show a student: check-in form, attendance, assessment, and history."""
    return _student_page(request, session, application_id, now=now)


def _student_page(
    request: Request, session: Session, application_id: UUID, *, now: Now, identity: str = ""
) -> Response:
    row = roster.student_of(session, application_id)
    chosen = programme_of(session, row.programme)
    results = course.attempts(session, row.programme).get(application_id, [])
    marks = course.marks_by_student(session, row.programme).get(application_id, {})
    sent = interviews.notices_of(session, application_id)
    return page(
        request,
        "scheduling_student.html",
        title=f"{row.name} · {row.application_no}",
        back="/scheduling/roster",
        row=row,
        identity=identity,
        badge=STUDENTS[row.state],
        open=local(now).date() >= local(chosen.report_at).date(),
        report_at=chosen.report_at,
        expected=row.state == StudentState.EXPECTED,
        in_course=row.state == StudentState.REGISTERED,
        waiver=roster.waiver_of(session, application_id),
        lessons=[(lesson, marks.get(lesson.id)) for lesson in course.lessons_of(session, row.programme)],
        results=[t("合格") if passed else t("不合格") for passed in results],
        certificate=roster.certificate_of(session, application_id),
        sent=sent,
        troubles=troubles(session, [notice.id for notice in sent]),
        job_titles=JOBS,
        notice_titles=NOTICES,
        marks=MARKS,
        halves=HALVES,
        now=now,
        rows=history(session, str(application_id)),
        titles=ACTION_TITLES,
    )


@router.post("/roster/{application_id}/register")
def register(
    request: Request,
    application_id: UUID,
    actor: Registrar,
    uow: Uow,
    now: Now,
    original_form: Annotated[bool, Form()] = False,
    two_photos: Annotated[bool, Form()] = False,
    identity_seen: Annotated[bool, Form()] = False,
) -> Response:
    """Register a student at the desk. Fields, each `true` when seen: `original_form`, `two_photos`, `identity_seen`."""
    brought = Brought(original_form, two_photos, identity_seen)
    actions.register_student(uow, application_id, brought, actor=actor.account, now=now)
    return done(
        request, "/scheduling/roster", t("{name}已报到。", name=roster.student_of(uow.session, application_id).name)
    )


@router.post("/roster/{application_id}/identity")
def view_identity(
    request: Request,
    application_id: UUID,
    actor: Registrar,
    uow: Uow,
    now: Now,
    tools: WithTools,
    reason: Annotated[Lines, Form(max_length=100)] = "",
) -> Response:
    """Show the full ID number once, on the page itself. Field: `reason`."""
    clear = actions.view_identity(uow, application_id, reason, actor=actor.account, now=now, keys=tools.keys)
    return _student_page(request, uow.session, application_id, now=now, identity=clear)


@router.post("/roster/{application_id}/waiver")
def request_waiver(
    request: Request,
    application_id: UUID,
    actor: Reader,
    uow: Uow,
    now: Now,
    reason: Annotated[Lines, Form(max_length=200)] = "",
) -> Response:
    """Request registration before the fee is paid. Field: `reason`."""
    actions.request_fee_waiver(uow, application_id, reason, actor=actor.account, now=now)
    return done(request, f"/scheduling/roster/{application_id}", "已提交缓缴申请，须由另一位工作人员确认。")


@router.post("/roster/{application_id}/waiver-confirmation")
def confirm_waiver(request: Request, application_id: UUID, actor: Reader, uow: Uow, now: Now) -> Response:
    """Confirm a waiver that another person requested. No fields."""
    actions.confirm_fee_waiver(uow, application_id, actor=actor.account, now=now)
    return done(request, f"/scheduling/roster/{application_id}", "缓缴已确认，可以办理报到。")


@router.post("/roster/{application_id}/drop-out")
def drop_out(
    request: Request,
    application_id: UUID,
    actor: Registrar,
    uow: Uow,
    now: Now,
    reason: Annotated[Lines, Form(max_length=200)] = "",
) -> Response:
    """Record that the student leaves the course. Field: `reason`."""
    actions.drop_out(uow, application_id, reason, actor=actor.account, now=now)
    text = "已登记退学，名额不再递补；是否退费由评审委员会在“录取名额”中办理。"
    return done(request, f"/scheduling/roster/{application_id}", text, tone="warning")
