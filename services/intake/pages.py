"""Intake's dashboard for staff, and the page on which a student confirms. Pictures first, then the lists."""

import csv
import io
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, File, Form, Request, Response, UploadFile
from pydantic import ValidationError
from sqlmodel import Session

from services.intake import actions, documents, queries
from services.intake.errors import UnknownApplication, UnknownProgramme
from services.intake.models import Application, PastParticipant, PlatformClient
from services.intake.states import OUTCOME_TITLES, STATUS_TITLES
from shared.dashboard import Badge, Badged, Dashboard, ListView, Moment, Text, done, file_reply, page
from shared.dashboard.history import history
from shared.errors import Fault, Invalid
from shared.events.intake import Programme
from shared.process import Process
from shared.signin import Actor, staff
from shared.web import Now, ReadingSession, WithTools, WritingSession

router = APIRouter(prefix="/intake", include_in_schema=False)
Clerk = Annotated[Actor, Depends(staff("intake"))]

_STATUS_TONES = {"submitted": "blue", "returned": "orange", "expired": "red"}
_OUTCOME_TONES = {
    "under_review": "yellow",
    "verified": "azure",
    "rejected": "red",
    "admitted": "green",
    "waitlisted": "purple",
    "seat_released": "orange",
    "registered": "teal",
    "certified": "green",
    "not_certified": "red",
}
STATUS_BADGES = {str(code): Badge(title, _STATUS_TONES.get(code, "secondary")) for code, title in STATUS_TITLES.items()}
OUTCOME_BADGES = {
    str(code): Badge(title, _OUTCOME_TONES.get(code, "secondary")) for code, title in OUTCOME_TITLES.items()
}
RECOMMENDATION_BADGES = {
    "recommended": Badge("推荐", "green"),
    "not_recommended": Badge("不推荐", "red"),
    "pending": Badge("待定", "yellow"),
}
TIERS = {
    "national_little_giant": Badge("国家级“小巨人”", "red"),
    "municipal_little_giant": Badge("市级“小巨人”", "orange"),
    "hidden_champion": Badge("隐形冠军", "purple"),
    "specialised": Badge("专精特新", "blue"),
    "none": Badge("其他", "secondary"),
}
ACTION_TITLES = {
    "file_application": "提交报名",
    "submit_draft": "提交草稿",
    "confirm_consent": "学员本人确认",
    "note_return": "退回补正",
    "resubmit_application": "补正后重新提交",
    "withdraw_application": "撤回报名",
    "note_outcome": "办理进度更新",
    "expire_draft": "草稿逾期失效",
}
ANNEXES = (
    ("申请表", documents.application_form),
    ("年度课程安排", documents.year_schedule),
    ("教学方案", documents.teaching_plan),
    ("汇款信息", documents.remittance_details),
)


class ApplicationList(ListView):
    """Every application."""

    fields = (
        Text("application_no", "报名编号"),
        Text("student_name", "学员"),
        Text("firm_name", "企业"),
        Text("unit_code", "申报单位代码"),
        Badged("recommendation", "推荐意见", badges=RECOMMENDATION_BADGES),
        Badged("tier", "企业梯度", badges=TIERS),
        Badged("status", "报名状态", badges=STATUS_BADGES),
        Badged("outcome", "办理进度", badges=OUTCOME_BADGES),
        Text("identity_mask", "证件号码"),
        Text("mobile_mask", "手机"),
        Text("payment_reference", "缴费识别码"),
        Moment("consented_at", "本人确认"),
        Moment("submitted_at", "提交时间"),
    )
    detail_path = "/intake/applications/{key}"
    fields_default_sort = (("submitted_at", True),)
    empty = "还没有收到报名。"


class PastParticipantList(ListView):
    """Those who attended before."""

    fields = (Text("name", "姓名"), Text("programme", "参加的培训"), Moment("recorded_at", "登记时间"))
    empty = "还没有导入往期学员。"


class ClientList(ListView):
    """Machines that may post applications."""

    fields = (Text("name", "平台客户端"), Moment("issued_at", "发放时间"), Moment("revoked_at", "停用时间"))
    empty = "还没有发放接口密钥。"


@router.get("/")
def overview(request: Request, actor: Clerk, session: ReadingSession, now: Now) -> Response:
    """How many came, from which units, who is short, how long is left."""
    programmes = queries.programmes(session)
    if not programmes:
        return page(request, "intake_empty.html", title="报名概况")
    programme = programmes[0]
    firms = queries.recommended_firms(session, programme)
    units = [
        {
            "label": unit.name,
            "value": firms[unit.code],
            "goal": unit.owed,
            "note": f"差 {unit.owed - firms[unit.code]} 户",
        }
        for unit in sorted(programme.units, key=lambda unit: firms[unit.code] - unit.owed)
        if firms[unit.code] < unit.owed
    ]
    return page(
        request,
        "intake_overview.html",
        title="报名概况",
        subtitle=programme.title,
        programme=programme,
        counts=queries.applications_by_status(session),
        unconfirmed=queries.unconfirmed(session, programme.code),
        short=units,
        owing=sum(1 for unit in programme.units if unit.owed),
        days=_arrivals(session, programme),
        outcomes=_as_parts(queries.applications_by_outcome(session)),
        remaining=_remaining(programme, now),
        newest=queries.returned_applications(session, programme.code),
    )


def _arrivals(session: Session, programme: Programme) -> list[dict[str, Any]]:
    found = queries.arrivals_by_day(session, programme.code)
    return [{"label": f"{day.day}日", "value": count} for day, count in found.items()]


def _as_parts(counts: dict[str, int]) -> list[dict[str, Any]]:
    return [
        {"label": OUTCOME_BADGES[code].title, "value": counts[code], "tone": OUTCOME_BADGES[code].tone}
        for code in OUTCOME_BADGES
        if counts.get(code)
    ]


def _remaining(programme: Programme, now: Any) -> tuple[int, str]:
    if now < programme.opens_at:
        return (programme.opens_at - now).days, "天后开始"
    left = programme.closes_at - now
    return (left.days, "天") if left.days > 0 else (max(int(left.total_seconds() // 3600), 0), "小时")


@router.get("/applications/{application_id}")
def show_application(request: Request, application_id: UUID, actor: Clerk, session: ReadingSession) -> Response:
    """One application, sensitive values masked."""
    row = session.get(Application, application_id)
    if row is None:
        raise UnknownApplication
    return page(
        request,
        "intake_application.html",
        title=f"{row.student_name} · {row.application_no}",
        back="/intake/tables/applications/list",
        row=row,
        unit=queries.unit_name(session, row),
        badges={
            "status": STATUS_BADGES[row.status],
            "outcome": OUTCOME_BADGES.get(row.outcome or ""),
            "recommendation": RECOMMENDATION_BADGES[row.recommendation],
            "tier": TIERS[row.tier],
        },
        consents=queries.consents_of(session, row.id),
        rows=history(session, str(row.id)),
        titles=ACTION_TITLES,
    )


@router.post("/applications/{application_id}/consent-request")
def send_consent_request(
    request: Request, application_id: UUID, actor: Clerk, session: WritingSession, now: Now
) -> Response:
    """Sends the student a fresh link to confirm. No fields."""
    actions.request_consent(session, application_id, actor=actor.account, now=now)
    return done(request, f"/intake/applications/{application_id}", "确认通知已安排发送。")


@router.get("/programmes")
def show_programmes(request: Request, actor: Clerk, session: ReadingSession) -> Response:
    """The published programmes, with their annexes, and the form to publish one."""
    found = queries.programmes(session)
    firms = {one.code: queries.recommended_firms(session, one) for one in found}
    titles = [title for title, _print in ANNEXES]
    return page(request, "intake_programmes.html", title="培训项目", programmes=found, firms=firms, annexes=titles)


@router.post("/programmes")
def publish_programme(
    request: Request,
    actor: Clerk,
    session: WritingSession,
    now: Now,
    tools: WithTools,
    definition: Annotated[UploadFile, File()],
) -> Response:
    """Publishes the programme in `definition`, a JSON file with the fields of shared.events.intake.Programme."""
    programme = _programme_in(definition)
    actions.publish_programme(session, programme, actor=actor.account, now=now, keys=tools.keys)
    return done(request, "/intake/programmes", f"已发布:{programme.title}。")


@router.post("/programmes/{code}/revision")
def revise_programme(
    request: Request,
    code: str,
    actor: Clerk,
    session: WritingSession,
    now: Now,
    definition: Annotated[UploadFile, File()],
) -> Response:
    """Replaces the programme by the next version in `definition`."""
    programme = _programme_in(definition)
    if programme.code != code:
        raise Invalid(f"文件中的项目编号是“{programme.code}”,不是“{code}”。", code="programme-code")
    actions.revise_programme(session, programme, actor=actor.account, now=now)
    return done(request, "/intake/programmes", f"已修订为第 {programme.version} 版。")


def _programme_in(definition: UploadFile) -> Programme:
    try:
        return Programme.model_validate_json(definition.file.read())
    except ValidationError as fault:
        where = [Fault("/definition", error["type"], "/".join(map(str, error["loc"]))) for error in fault.errors()]
        named = "、".join(one.message for one in where[:5])
        raise Invalid(f"项目文件不合要求,请检查:{named}", code="programme-file", faults=where) from fault


@router.get("/programmes/{code}/definition")
def download_programme(code: str, actor: Clerk, session: ReadingSession) -> Response:
    """The programme as the JSON file that `publish` and `revision` take."""
    programme = _programme(session, code)
    content = programme.model_dump_json(indent=1).encode()
    return file_reply(content, name=f"{code}.json", media_type="application/json")


@router.get("/programmes/{code}/annexes/{number}")
def download_annex(code: str, number: int, actor: Clerk, session: ReadingSession, now: Now) -> Response:
    """Annex 1 to 4 of the notice, printed from the programme."""
    programme = _programme(session, code)
    if not 1 <= number <= len(ANNEXES):
        raise UnknownProgramme(f"{code} 附件 {number}")
    title, write = ANNEXES[number - 1]
    content = write(documents.Annexes(programme=programme, now=now))
    return file_reply(content, name=f"附件{number} {title}.pdf", media_type="application/pdf", inline=True)


def _programme(session: Session, code: str) -> Programme:
    found = next((one for one in queries.programmes(session) if one.code == code), None)
    if found is None:
        raise UnknownProgramme(code)
    return found


@router.get("/access")
def show_access(request: Request, actor: Clerk) -> Response:
    """Forms to issue and revoke API keys and to import past participants."""
    return page(request, "intake_access.html", title="接口与往期学员")


@router.post("/clients")
def issue_key(
    request: Request,
    actor: Clerk,
    session: WritingSession,
    now: Now,
    name: Annotated[str, Form(min_length=2, max_length=60)],
) -> Response:
    """Issues an API key for the client `name`; the next page says it, once."""
    key = actions.issue_client_key(session, name, actor=actor.account, now=now)
    return done(request, "/intake/access", f"“{name}”的接口密钥（只显示这一次，请立即保存）：{key}", tone="warning")


@router.post("/clients/revocation")
def revoke_key(
    request: Request, actor: Clerk, session: WritingSession, now: Now, name: Annotated[str, Form(max_length=60)]
) -> Response:
    """Ends the access of the client `name`."""
    actions.revoke_client_key(session, name, actor=actor.account, now=now)
    return done(request, "/intake/tables/clients/list", f"已停用“{name}”的接口密钥。")


@router.post("/past-participants")
def import_past_participants(
    request: Request,
    actor: Clerk,
    session: WritingSession,
    now: Now,
    tools: WithTools,
    table: Annotated[UploadFile, File()],
) -> Response:
    """Imports `table`: CSV, UTF-8, a header and the columns document number, name, programme."""
    people = _people_in(table.file.read())
    added = actions.import_past_participants(session, people, actor=actor.account, now=now, keys=tools.keys)
    return done(request, "/intake/tables/past-participants/list", f"已登记 {added} 名往期学员。")


def _people_in(content: bytes) -> list[tuple[str, str, str]]:
    try:
        rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))[1:]
    except (UnicodeDecodeError, csv.Error) as fault:
        raise Invalid("文件不是 UTF-8 编码的 CSV,请另存为“CSV UTF-8”后重试。", code="past-participants") from fault
    for place, row in enumerate(rows, start=2):
        if len(row) != 3 or not all(cell.strip() for cell in row):
            raise Invalid(f"第 {place} 行应有三列:证件号码、姓名、参加的培训。", code="past-participants")
    return [(number, name, programme) for number, name, programme in rows]


@router.get("/consent/{token}")
def show_consent(request: Request, token: str, session: ReadingSession) -> Response:
    """What the student confirms; open to whoever holds the link."""
    return _consent_page(request, token, actions.application_behind(session, token), session)


@router.post("/consent/{token}")
def confirm_consent(request: Request, token: str, session: WritingSession, now: Now) -> Response:
    """Records the confirmation. No fields."""
    row = actions.confirm_consent(session, token, actor="student", now=now)
    return _consent_page(request, token, row, session)


def _consent_page(request: Request, token: str, row: Application, session: Session) -> Response:
    programme = _programme(session, row.programme)
    return page(request, "intake_consent.html", title="确认报名", row=row, programme=programme, token=token)


def make_dashboard(process: Process) -> Dashboard:
    """Intake's navigation and lists."""
    templates = Path(__file__).parent / "templates"
    dashboard = Dashboard(process, icon="fa-solid fa-inbox", roles=("intake",), templates=templates)
    dashboard.link("报名概况", "/intake/", "fa-solid fa-chart-pie")
    dashboard.add_list(
        ApplicationList(Application, key="applications", title="报名申请", icon="fa-solid fa-file-lines")
    )
    dashboard.link("培训项目", "/intake/programmes", "fa-solid fa-bullhorn")
    dashboard.add_list(
        PastParticipantList(PastParticipant, key="past-participants", title="往期学员", icon="fa-solid fa-user-clock")
    )
    dashboard.add_list(ClientList(PlatformClient, key="clients", title="平台接口", icon="fa-solid fa-plug"))
    dashboard.link("发放与导入", "/intake/access", "fa-solid fa-key")
    return dashboard
