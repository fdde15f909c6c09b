"""Pages for the desk's points, many at once, and for the judges' sheets."""

from uuid import UUID

from fastapi import APIRouter, Request, Response
from starlette.datastructures import FormData

from services.review import actions, queries
from services.review.models import Case
from services.review.pages.labels import TIERS, Committee, Judge, Office, Reviewer
from services.review.rules.scoring import format_points, parse_points, sheet_errors
from services.review.states import CaseState
from shared.dashboard import done, page, t
from shared.events.intake import ScoringRule
from shared.foundation.errors import FieldError, Invalid
from shared.http.fields import FormCode, FormRemark, QueryCode, WholeForm
from shared.http.web import Now, ReadingSession, Uow

router = APIRouter()


@router.get("/scores")
def desk_table(request: Request, actor: Office, session: ReadingSession, programme: QueryCode = "") -> Response:
    """Show everyone who passed, with a form for the desk's points."""
    chosen = queries.chosen_programme(session, programme)
    cases = queries.cases_in(session, chosen.code, CaseState.PASSED)
    return page(
        request,
        "review_scores.html",
        title="资料评分",
        subtitle=chosen.title,
        rule=chosen.scoring,
        cases=sorted(cases, key=lambda case: (case.firm_points is not None, case.application_no)),
        open=sum(case.firm_points is None for case in cases),
        is_frozen=queries.ranking_of(session, chosen.code).frozen_at is not None,
        tiers=TIERS,
        points=format_points,
    )


@router.post("/scores")
def score_many(request: Request, form: WholeForm, actor: Reviewer, uow: Uow, now: Now) -> Response:
    """Store desk points, all or none. Fields per case: `firm-<case id>` and `materials-<case id>`, points with at most
    two decimals; a row with both empty is ignored."""
    count = 0
    for case_id in _case_ids(form, "firm-"):
        firm, materials = (str(form.get(f"{part}-{case_id}", "")) for part in ("firm", "materials"))
        if not firm.strip() and not materials.strip():
            continue
        actions.score_materials(
            uow,
            case_id,
            firm_points=parse_points(firm, field=f"firm-{case_id}"),
            materials_points=parse_points(materials, field=f"materials-{case_id}"),
            actor=actor.account,
            now=now,
        )
        count += 1
    if not count:
        raise Invalid("还没有填写分数。", code="no-points")
    return done(request, "/review/scores", t("已保存 {count} 人的评分。", count=count))


@router.get("/my-sheets")
def my_sheets(request: Request, actor: Judge, session: ReadingSession, programme: QueryCode = "") -> Response:
    """Show the judge's own candidates. Other judges' totals appear once the judge's own sheet is locked."""
    chosen = queries.chosen_programme(session, programme)
    tasks = queries.judge_tasks(session, actor.account, chosen.code)
    return page(
        request,
        "review_sheets.html",
        title="我的评分表",
        subtitle=chosen.title,
        rule=chosen.scoring,
        todo=[task for task in tasks if task.sheet is None and task.member.recused_at is None],
        locked=[task for task in tasks if task.sheet],
        recused=[task for task in tasks if task.member.recused_at],
        is_frozen=queries.ranking_of(session, chosen.code).frozen_at is not None,
        points=format_points,
    )


@router.post("/my-sheets")
def lock_sheets(request: Request, form: WholeForm, actor: Judge, uow: Uow, now: Now) -> Response:
    """Lock the judge's sheet of every candidate whose row is filled in, all or none. Fields: `points-<case id>-<item>`,
    and `reason-<case id>` for a correction; an empty row is ignored."""
    count = 0
    for case_id in _case_ids(form, "points-"):
        typed = _typed_items(form, case_id)
        if not any(text.strip() for text in typed.values()):
            continue
        reason = str(form.get(f"reason-{case_id}", ""))
        case = queries.case_with(uow.session, case_id)
        items = _parse_items(case, typed, queries.programme_of(uow.session, case.programme).scoring)
        actions.record_score_sheet(
            uow, case_id, items, judge=actor.account, actor=actor.account, now=now, reason=reason
        )
        count += 1
    if not count:
        raise Invalid("还没有填写分数。", code="no-points")
    return done(request, "/review/my-sheets", t("已锁定 {count} 份评分表。", count=count))


@router.post("/cases/{case_id}/sheets")
def key_in_sheet(
    request: Request,
    case_id: UUID,
    form: WholeForm,
    actor: Committee,
    uow: Uow,
    now: Now,
    judge: FormCode,
    reason: FormRemark = "",
) -> Response:
    """Store a judge's sheet from paper. Fields: `judge` (account), `points-<item>`, `reason` for a correction."""
    case = queries.case_with(uow.session, case_id)
    rule = queries.programme_of(uow.session, case.programme).scoring
    items = {
        name: parse_points(str(form.get(f"points-{name}", "")), field=f"points-{name}") for name in rule.interview_items
    }
    actions.record_score_sheet(
        uow, case_id, items, judge=judge, actor=actor.account, now=now, from_paper=True, reason=reason
    )
    return done(request, f"/review/cases/{case_id}", "已录入纸质评分表。")


@router.post("/cases/{case_id}/recusal")
def recuse(
    request: Request,
    case_id: UUID,
    actor: Judge,
    uow: Uow,
    now: Now,
    reason: FormRemark = "",
) -> Response:
    """Recuse the judge from a candidate. Field: `reason`."""
    actions.declare_recusal(uow, case_id, reason=reason, judge=actor.account, actor=actor.account, now=now)
    return done(request, "/review/my-sheets", "已声明回避。")


def _case_ids(form: FormData, prefix: str) -> list[UUID]:
    """Return the distinct case ids in the field names, in id order to avoid deadlocks between batches."""
    try:
        return sorted({UUID(name.removeprefix(prefix)[:36]) for name in form if name.startswith(prefix)})
    except ValueError as error:
        raise Invalid("表单中的案卷编号无法识别，请刷新页面后重填。", code="case-id") from error


def _typed_items(form: FormData, case_id: UUID) -> dict[str, str]:
    prefix = f"points-{case_id}-"
    return {name.removeprefix(prefix): str(text) for name, text in form.items() if name.startswith(prefix)}


def _parse_items(case: Case, typed: dict[str, str], rule: ScoringRule) -> dict[str, int]:
    """Parse a row of points. Raises Invalid that names the candidate and each wrong field."""
    items, field_errors = {}, []
    for name, text in typed.items():
        field = f"points-{case.id}-{name}"
        try:
            items[name] = parse_points(text, field=field)
        except Invalid as refusal:
            field_errors += refusal.field_errors
    field_errors += [
        FieldError(f"/points-{case.id}-{error.field[1:]}", error.code, error.message, error.values)
        for error in sheet_errors(items, rule)
    ]
    if field_errors:
        values = {"student": case.student_name, "first": field_errors[0]}
        raise Invalid("“{student}”的评分表有误：{first}", code="sheet", field_errors=field_errors, values=values)
    return items
