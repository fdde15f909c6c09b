"""Pages of one case: person and firm, scans beside the checklist, scores, history, and the decisions."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session
from starlette.datastructures import FormData

from services.review import actions, queries
from services.review.models import Case
from services.review.pages import labels
from services.review.pages.labels import Office, Reviewer
from services.review.rules.checklist import Check
from services.review.rules.deadlines import CORRECTION_DAYS, end_of_local_day, format_limit
from services.review.rules.scoring import format_points
from services.review.rules.warnings import case_warnings, identity_warnings
from services.review.states import Verdict
from shared.dashboard import done, file_reply, page, t
from shared.dashboard.history import history, typed_moment
from shared.events.intake import Programme, ScanClaim
from shared.foundation.clock import local
from shared.foundation.errors import Invalid
from shared.foundation.language import localize
from shared.http.fields import FormIds, FormRemark, WholeForm
from shared.http.web import Now, ReadingSession, Uow, WithTools, process_of
from shared.jobs.job import troubles

router = APIRouter()
_EXTENSIONS = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png", "image/heic": "heic"}
_PICTURE_POLICY = "default-src 'none'; sandbox; frame-ancestors 'self'"


@router.get("/cases")
def list_cases(actor: Office) -> Response:
    """Redirect to the list of cases."""
    return RedirectResponse("/review/tables/cases/list", status_code=303)


@router.get("/cases/{case_id}")
def show_case(request: Request, case_id: UUID, actor: Office, session: ReadingSession, now: Now) -> Response:
    """Show one case, sensitive values masked."""
    case = queries.case_with(session, case_id)
    return page(
        request,
        "review_case.html",
        title=f"{case.student_name} · {case.application_no}",
        subtitle=case.firm_name,
        back="/review/tables/cases/list",
        case=case,
        **_context(session, case, now),
    )


def _context(session: Session, case: Case, now: datetime) -> dict[str, Any]:
    programme = queries.programme_of(session, case.programme)
    seat = queries.seats_by_case(session, [case.id]).get(case.id)
    sheets = queries.latest_sheets(session, case.id)
    units = {unit.code: unit.name for unit in programme.units}
    letters = queries.letters_of(session, case.id)
    return {
        "programme": programme,
        "seat": seat,
        "unit": units.get(case.unit_code, case.unit_code),
        "scans": _scans(case, programme),
        "checks": queries.current_checks(session, case),
        "members": [(member, sheets.get(member.judge)) for member in queries.panel_members(session, case.id)],
        "versions": queries.sheet_versions(session, case.id),
        "letters": letters,
        "troubles": troubles(session, [letter.id for letter in letters]),
        "is_frozen": queries.ranking_of(session, case.programme).frozen_at is not None,
        "rows": history(session, str(case.id)),
        "labels": labels,
        "points": format_points,
        "limit": format_limit,
        "warnings": _warnings(case),
        "correct_by": f"{local(end_of_local_day(now, days=CORRECTION_DAYS)):%Y-%m-%dT%H:%M}",
    }


def _scans(case: Case, programme: Programme) -> list[tuple[ScanClaim, str, list[str]]]:
    """Return each scan with its title, and the titles of other kinds that were filed with the same file."""
    claims = [(claim, queries.title_of_scan(programme, claim.kind)) for claim in queries.claims_of(case)]
    return [
        (claim, title, [name for other, name in claims if other.sha256 == claim.sha256 and other.kind != claim.kind])
        for claim, title in claims
    ]


def _warnings(case: Case) -> list[str]:
    found = case_warnings(
        born_on=date.fromisoformat(case.content["student"]["born_on"]),
        filed_on=local(case.submitted_at).date(),
        credit_code=case.content["firm"]["credit_code"],
    )
    return [localize(warning) for warning in found]


@router.get("/cases/{case_id}/scans/{item}")
def show_scan(request: Request, case_id: UUID, item: str, actor: Reviewer, now: Now, tools: WithTools) -> Response:
    """Return the original file to keep, never to display: it may contain scripts. A transaction of its own records the
    access first."""
    with process_of(request).database.transaction() as uow:
        claim = actions.look_at_scan(uow, case_id, item, actor=actor.account, now=now)
    content = tools.files.get(claim, purpose="scan")
    name = f"{item}.{_EXTENSIONS.get(claim.media_type, 'bin')}"
    return file_reply(content, name=name, media_type=claim.media_type)


@router.get("/cases/{case_id}/scans/{item}/pages/{number}")
def show_page(
    request: Request, case_id: UUID, item: str, number: int, actor: Reviewer, now: Now, tools: WithTools
) -> Response:
    """Return the picture of a page of a scan. A transaction of its own records the access first."""
    with process_of(request).database.transaction() as uow:
        claim = actions.look_at_scan(uow, case_id, item, page=number, actor=actor.account, now=now)
    content = tools.files.get(claim, purpose="scan")
    response = file_reply(content, name=f"{item}-{number}.jpg", media_type=claim.media_type, inline=True)
    response.headers["Content-Security-Policy"] = _PICTURE_POLICY
    return response


@router.post("/cases/{case_id}/identity")
def show_identity(
    request: Request, case_id: UUID, actor: Reviewer, now: Now, tools: WithTools, reason: FormRemark = ""
) -> Response:
    """Show the full ID number. Field: `reason`. A transaction of its own records the access first."""
    with process_of(request).database.transaction() as uow:
        sealed = actions.look_at_identity(uow, case_id, reason=reason, actor=actor.account, now=now)
        case = queries.case_with(uow.session, case_id)
    number = tools.keys.open("identity", sealed)
    return page(
        request,
        "review_identity.html",
        title="完整证件号码",
        back=f"/review/cases/{case_id}",
        case=case,
        number=number,
        warnings=[localize(warning) for warning in identity_warnings(number)],
        reason=reason,
    )


@router.post("/cases/{case_id}/checks")
def check_scans(request: Request, case_id: UUID, form: WholeForm, actor: Reviewer, uow: Uow, now: Now) -> Response:
    """Store checks of the scans. Fields per kind: `verdict-<kind>` (pass, fail, illegible), `seal-<kind>` (true if the
    seal is there); `then` = pass to mark the application as authentic at once."""
    case = queries.case_with(uow.session, case_id)
    checks = {}
    for claim in queries.claims_of(case):
        if verdict := str(form.get(f"verdict-{claim.kind}", "")):
            checks[claim.kind] = Check(_verdict(verdict), form.get(f"seal-{claim.kind}") == "true")
    if not checks:
        raise Invalid("请至少对一份扫描件作出判断。", code="no-check")
    actions.check_scans(uow, case_id, checks, actor=actor.account, now=now)
    if form.get("then") == "pass":
        actions.pass_authenticity(uow, case_id, actor=actor.account, now=now)
        return done(request, f"/review/cases/{case_id}", "已核对，初审通过。")
    return done(request, f"/review/cases/{case_id}", "已保存核对结果。")


def _verdict(text: str) -> Verdict:
    try:
        return Verdict(text)
    except ValueError as error:
        raise Invalid("核对结果只能是相符、不符或无法辨认。", code="verdict") from error


@router.post("/cases/{case_id}/pass")
def pass_case(request: Request, case_id: UUID, actor: Reviewer, uow: Uow, now: Now) -> Response:
    """Mark the application as authentic. No fields."""
    actions.pass_authenticity(uow, case_id, actor=actor.account, now=now)
    return done(request, f"/review/cases/{case_id}", "初审通过。")


@router.post("/passes")
def pass_cases(
    request: Request,
    actor: Reviewer,
    uow: Uow,
    now: Now,
    case_id: FormIds,
) -> Response:
    """Mark many applications as authentic, all or none. Field: `case_id`, many."""
    # Lock in id order to avoid deadlocks between batches.
    for one in sorted(case_id):
        actions.pass_authenticity(uow, one, actor=actor.account, now=now)
    return done(request, "/review/tables/cases/list", t("初审通过 {count} 份。", count=len(case_id)))


@router.post("/cases/{case_id}/return")
def return_case(request: Request, case_id: UUID, form: WholeForm, actor: Reviewer, uow: Uow, now: Now) -> Response:
    """Return a case for correction. Fields: `item` and `reason`, many, in pairs (empty pairs are ignored); `correct_by`
    (local, 2021-12-04T00:00), default three whole days."""
    limit = str(form.get("correct_by", ""))
    actions.return_for_correction(
        uow,
        case_id,
        _pairs(form),
        actor=actor.account,
        now=now,
        correct_by=typed_moment(limit, field="correct_by") if limit else None,
    )
    return done(request, f"/review/cases/{case_id}", "已退回补正，企业和学员会收到通知。")


def _pairs(form: FormData) -> list[tuple[str, str]]:
    pairs = zip(form.getlist("item"), form.getlist("reason"), strict=False)
    return [(str(item), str(reason)) for item, reason in pairs if str(item).strip() or str(reason).strip()]


@router.post("/cases/{case_id}/reject")
def reject_case(
    request: Request,
    case_id: UUID,
    actor: Reviewer,
    uow: Uow,
    now: Now,
    reason: FormRemark = "",
) -> Response:
    """Reject the case. Field: `reason`."""
    actions.reject_application(uow, case_id, reason=reason, actor=actor.account, now=now)
    return done(request, f"/review/cases/{case_id}", "已作初审不通过处理，已缴款项将退回。")
