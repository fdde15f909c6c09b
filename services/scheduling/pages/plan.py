"""Pages for the teaching plan: the version in force and the newest draft, each with its statistics against the
rules."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from sqlmodel import Session

from services.scheduling import actions, documents
from services.scheduling.models import Plan
from services.scheduling.pages.forms import Reader, Scheduler, parse_day, parse_days
from services.scheduling.pages.labels import HALVES, KINDS, PLANS, TEACHERS
from services.scheduling.pages.pictures import ModuleSpan, stat_lines, timeline, year_grid
from services.scheduling.queries import papers, plans
from services.scheduling.queries.programmes import chosen_programme
from services.scheduling.queries.searches import progress_of
from services.scheduling.rules.plan.stats import plan_stats
from services.scheduling.states import PlanState
from shared.dashboard import Download, done, file_reply, page, t
from shared.events.intake import Programme
from shared.foundation.clock import local
from shared.foundation.text import Line, Lines
from shared.http.fields import QueryCode
from shared.http.web import Now, ReadingSession, Uow, WithTools

router = APIRouter()


@router.get("/plan")
def show_plan(
    request: Request, actor: Reader, session: ReadingSession, now: Now, tools: WithTools, programme: QueryCode = ""
) -> Response:
    """Show the plan in force and the newest draft."""
    chosen = chosen_programme(session, programme)
    draft, in_force = plans.latest_draft(session, chosen.code), plans.published_plan(session, chosen.code)
    today = local(now).date()
    return page(
        request,
        "scheduling_plan.html",
        title="教学计划",
        subtitle=chosen.title,
        downloads=[
            Download(title, f"/scheduling/plans/{plan.id}/calendar")
            for title, plan in (("课程表", in_force), ("课程表草案", draft))
            if plan and plan.state in (PlanState.DRAFT, PlanState.PUBLISHED)
        ],
        programme=chosen,
        in_force=_shown(session, in_force, chosen, today) if in_force else None,
        draft=_shown(session, draft, chosen, today) if draft else None,
        progress=progress_of(tools.redis, draft.id) if draft else "",
        solving=draft is not None and draft.state == PlanState.SOLVING,
        region_options=[(name, name) for name in sorted({venue.region for venue in plans.venues(session)})],
        teachers=len(plans.teachers(session)),
        venues=len(plans.venues(session)),
        wanted=plans.constraints_for(chosen),
        versions=[row for row in plans.plans_of(session, chosen.code) if row.version],
        labels=PLANS,
        kinds={**KINDS, **TEACHERS},
        halves=HALVES,
    )


def _shown(session: Session, row: Plan, programme: Programme, today: date) -> dict[str, Any]:
    """Return the template's data of a plan."""
    value = plans.plan_value(row)
    spans = [
        ModuleSpan(module.number, module.region, tuple(module.dates), sum(one.hours for one in module.sessions))
        for module in value.modules
    ]
    wanted = plans.constraints_of(row)
    problem = plans.problem_of(session, wanted)
    shortfalls = plans.shortfalls_of(session, row) if spans else ()
    return {
        "row": row,
        "modules": value.modules,
        "stats": stat_lines(plan_stats(value, problem.resources), wanted, shortfalls),
        "options": [
            (one.number, t("第 {number} 次（{first} 起）", number=one.number, first=one.days[0])) for one in spans
        ],
        "shortfalls": [one.message for one in shortfalls],
        "timeline": timeline(spans, programme.plan.first_day, programme.plan.last_day, today=today),
        "grid": year_grid(spans, problem.resources.calendar, today=today),
        "staff": {str(one.id): one for one in plans.teachers(session)},
        "places": {str(one.id): one for one in plans.venues(session)},
    }


@router.post("/plans")
def draft_plan(
    request: Request,
    actor: Scheduler,
    uow: Uow,
    now: Now,
    programme: Annotated[Line, Form(max_length=40)] = "",
    first_from: Annotated[Line, Form(max_length=20)] = "",
    first_until: Annotated[Line, Form(max_length=20)] = "",
    home_region: Annotated[Line, Form(max_length=30)] = "",
    blocked_dates: Annotated[Lines, Form(max_length=4000)] = "",
) -> Response:
    """Request a draft. Fields, all but `programme` optional: `first_from`, `first_until` (dates between which the first
    module begins), `home_region`, `blocked_dates` (no teaching then)."""
    chosen = chosen_programme(uow.session, programme)
    constraints = plans.constraints_for(
        chosen,
        first_from=parse_day(first_from, "first_from") if first_from else None,
        first_until=parse_day(first_until, "first_until") if first_until else None,
        home_region=home_region,
        blocked_dates=parse_days(blocked_dates, "blocked_dates"),
    )
    actions.draft_plan(uow, chosen.code, constraints=constraints, actor=actor.account, now=now)
    return done(request, "/scheduling/plan", "已开始编排教学计划，结果会显示在本页。")


@router.post("/plans/move")
def move_module(
    request: Request,
    actor: Scheduler,
    uow: Uow,
    now: Now,
    module: Annotated[int, Form(ge=1, le=60)],
    starts_on: Annotated[Line, Form(max_length=20)],
    programme: Annotated[Line, Form(max_length=40)] = "",
) -> Response:
    """Create a draft in which one module is moved to other days. Fields: `programme`, `module` (number),
    `starts_on`."""
    code = chosen_programme(uow.session, programme).code
    day = parse_day(starts_on, "starts_on")
    actions.move_module(uow, code, module, day, actor=actor.account, now=now)
    return done(
        request,
        "/scheduling/plan",
        t("已生成调整草案：第 {number} 次改为 {day} 开始，发布后生效。", number=module, day=day),
    )


@router.post("/plans/{plan_id}/publish")
def publish_plan(request: Request, plan_id: UUID, actor: Scheduler, uow: Uow, now: Now) -> Response:
    """Publish a draft as the next version. No fields."""
    row = actions.publish_plan(uow, plan_id, actor=actor.account, now=now)
    return done(
        request, "/scheduling/plan", t("教学计划第 {version} 版已发布，课程表正在发给学员。", version=row.version)
    )


@router.get("/plans/{plan_id}/calendar")
def show_calendar(plan_id: UUID, actor: Reader, session: ReadingSession, now: Now) -> Response:
    """Return 课程表 of a plan as PDF."""
    row = plans.plan_of(session, plan_id)
    content = documents.teaching_calendar(papers.calendar_of(session, row, now=now))
    return file_reply(
        content, name=f"{row.programme} 课程表 第{row.version}版.pdf", media_type="application/pdf", inline=True
    )
