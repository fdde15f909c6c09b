"""Pages for the end of the course: assessments, certificates, and the lists to export."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from services.scheduling import actions, documents
from services.scheduling.pages.forms import Entries, Reader, Registrar, entry_error, row_values
from services.scheduling.queries import course, papers, roster
from services.scheduling.queries.programmes import chosen_programme
from services.scheduling.states import StudentState
from shared.adapters.workbook import XLSX
from shared.dashboard import Download, done, file_reply, page, t
from shared.foundation.errors import Message
from shared.foundation.text import Line
from shared.http.fields import QueryCode
from shared.http.web import Now, ReadingSession, Uow

router = APIRouter()
PDF = "application/pdf"
RESULTS = {"pass": True, "fail": False}


@router.get("/certificates")
def show_certificates(
    request: Request, actor: Reader, session: ReadingSession, now: Now, programme: QueryCode = ""
) -> Response:
    """Show who is assessed, who is certified, and why others are not."""
    chosen = chosen_programme(session, programme)
    results = course.attempts(session, chosen.code)
    students = roster.students(session, chosen.code, StudentState.REGISTERED, StudentState.DROPPED_OUT)
    in_course = [row for row in students if row.state == StudentState.REGISTERED]
    lessons = [lesson for lesson in course.lessons_of(session, chosen.code) if not lesson.cancelled]
    certified = roster.certificates(session, chosen.code, certified=True)
    refused = roster.certificates(session, chosen.code, certified=False)
    return page(
        request,
        "scheduling_certificates.html",
        title="考核与结业",
        subtitle=chosen.title,
        programme=chosen,
        students=in_course,
        results=results,
        passed=sum(1 for row in in_course if any(results.get(row.application_id, []))),
        open=[row for row in in_course if not any(results.get(row.application_id, []))],
        begun=bool(lessons) and lessons[0].starts_at <= now,
        over=bool(lessons) and lessons[-1].ends_at <= now,
        hours=sum(lesson.hours for lesson in lessons),
        certified=certified,
        refused=refused,
        downloads=_downloads(chosen.code) if certified or refused else (),
    )


def _downloads(code: str) -> list[Download]:
    folder = "/scheduling/certificates"
    return [
        Download("结业名单", f"{folder}/list.pdf?programme={code}"),
        Download("未结业人员名单", f"{folder}/not-certified.pdf?programme={code}"),
        Download("导出表格", f"{folder}/list.xlsx?programme={code}", "excel"),
    ]


@router.post("/assessments")
def record_assessments(
    request: Request,
    actor: Registrar,
    uow: Uow,
    now: Now,
    fields: Entries,
    programme: Annotated[Line, Form(max_length=40)] = "",
) -> Response:
    """Record one assessment attempt for many students. Fields: `programme`, and `result-<application id>` = pass or
    fail for each who was assessed."""
    rows = row_values(fields, "result")
    if strange := next((value for value in rows.values() if value not in RESULTS), None):
        raise entry_error("result", Message("考核结果只能是 pass 或 fail，不能是“{result}”", {"result": strange[:20]}))
    if not rows:
        raise entry_error("result", Message("请至少为一名学员选择考核结果"))
    code = chosen_programme(uow.session, programme).code
    results = {application_id: RESULTS[value] for application_id, value in rows.items()}
    recorded = actions.record_assessments(uow, code, results, actor=actor.account, now=now)
    return done(request, "/scheduling/certificates", t("已登记 {count} 人的考核结果。", count=recorded))


@router.post("/certificates")
def record_certificates(
    request: Request,
    actor: Registrar,
    uow: Uow,
    now: Now,
    programme: Annotated[Line, Form(max_length=40)] = "",
) -> Response:
    """Decide on certificates for everyone who registered, at the end of the course. Field: `programme`."""
    code = chosen_programme(uow.session, programme).code
    decided = actions.record_certificates(uow, code, actor=actor.account, now=now)
    certified = sum(row.certified for row in decided)
    text = t(
        "结业认定完成：{certified} 人结业，{refused} 人未结业。", certified=certified, refused=len(decided) - certified
    )
    return done(request, "/scheduling/certificates", text)


@router.get("/certificates/list.pdf")
def certificate_list(actor: Reader, session: ReadingSession, now: Now, programme: QueryCode = "") -> Response:
    """Return 结业名单 as PDF."""
    code = chosen_programme(session, programme).code
    content = documents.certificate_list(papers.certificate_list_of(session, code, now=now))
    return file_reply(content, name=f"{code} 结业名单.pdf", media_type=PDF, inline=True)


@router.get("/certificates/not-certified.pdf")
def not_certified_list(actor: Reader, session: ReadingSession, now: Now, programme: QueryCode = "") -> Response:
    """Return 未结业人员名单 as PDF."""
    code = chosen_programme(session, programme).code
    content = documents.not_certified_list(papers.not_certified_list_of(session, code, now=now))
    return file_reply(content, name=f"{code} 未结业人员名单.pdf", media_type=PDF, inline=True)


@router.get("/certificates/list.xlsx")
def certificate_sheet(actor: Reader, session: ReadingSession, now: Now, programme: QueryCode = "") -> Response:
    """Return 结业名单 and 未结业人员名单 as a workbook, ID numbers masked."""
    code = chosen_programme(session, programme).code
    content = documents.certificate_workbook(
        papers.certificate_list_of(session, code, now=now), papers.not_certified_list_of(session, code, now=now)
    )
    return file_reply(content, name=f"{code} 结业名单.xlsx", media_type=XLSX)
