"""Teaching plans: requested, stored or failed by the search, changed by hand, published as a version."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

from sqlmodel import func, select

from services.scheduling.actions.lessons import replace_lessons
from services.scheduling.actions.locking import lock_plan, lock_programme
from services.scheduling.actions.notices import enqueue_schedule
from services.scheduling.errors import Overtaken, Unknown
from services.scheduling.jobs import SolveTeachingPlan
from services.scheduling.models import Plan
from services.scheduling.queries import plans
from services.scheduling.queries.course import lessons_of
from services.scheduling.queries.roster import students
from services.scheduling.rules.plan import values as rules
from services.scheduling.states import PLAN_STEPS, PLAN_TITLES, PlanState, StudentState
from shared.events.scheduling import PlanModule, PlanPublished
from shared.foundation.clock import local
from shared.foundation.errors import Conflict, FieldError, Invalid, Joined
from shared.foundation.transitions import check_step
from shared.jobs.job import enqueue
from shared.persistence.unit_of_work import UnitOfWork


def draft_plan(
    uow: UnitOfWork,
    programme: str,
    *,
    constraints: rules.PlanConstraints,
    actor: str,
    now: datetime,
) -> Plan:
    """Request a plan within `constraints`; a job searches.

    A repeat while the search runs changes nothing. Raises Conflict while a search with other constraints runs.
    """
    lock_programme(uow, programme)
    running = select(Plan).where(Plan.programme == programme, Plan.state == PlanState.SOLVING)
    if found := uow.session.exec(running).first():
        if plans.constraints_of(found) == constraints:
            return found
        raise Conflict("正在编排教学计划，请等它完成后再重新编排。", code="plan-solving")
    row = Plan(
        id=uuid4(),
        programme=programme,
        state=PlanState.SOLVING,
        constraints=plans.CONSTRAINTS.dump_python(constraints, mode="json"),
        made_by=actor,
        made_at=now,
    )
    problem = plans.PROBLEM.dump_python(plans.problem_of(uow.session, constraints), mode="json")
    row.job_id = enqueue(uow, SolveTeachingPlan(plan_id=row.id, problem=problem))
    uow.session.add(row)
    uow.record("draft_plan", str(row.id), actor=actor, now=now, details={"programme": programme})
    return row


def store_plan(uow: UnitOfWork, plan_id: UUID, plan: rules.Plan, *, actor: str, now: datetime) -> None:
    """Store the result of the search as a draft."""
    row = lock_plan(uow, plan_id)
    _step_plan(row, PlanState.DRAFT)
    row.modules, row.proven_best = plans.MODULES.dump_python(plan.modules, mode="json"), plan.proven_best
    uow.session.add(row)
    uow.record("store_plan", str(plan_id), actor=actor, now=now)


def give_up_plan(
    uow: UnitOfWork, plan_id: UUID, message: str, conflicts: Sequence[str] = (), *, actor: str, now: datetime
) -> None:
    """Store why the search found no plan: `conflicts` are the rules that contradict each other, each with its
    clause."""
    row = lock_plan(uow, plan_id)
    _step_plan(row, PlanState.FAILED)
    row.message, row.conflicts = message, list(conflicts)
    uow.session.add(row)
    uow.record("give_up_plan", str(plan_id), actor=actor, now=now)


def move_module(uow: UnitOfWork, programme: str, number: int, starts_on: date, *, actor: str, now: datetime) -> Plan:
    """Create a draft from the plan in force, in which one module that has not begun starts on `starts_on`."""
    lock_programme(uow, programme)
    in_force = plans.published_plan(uow.session, programme)
    if in_force is None:
        raise Conflict("还没有已发布的教学计划。", code="no-plan")
    plan = plans.plan_value(in_force)
    module = next((one for one in plan.modules if one.number == number), None)
    if module is None:
        raise Unknown("集中授课")
    held = [one for one in lessons_of(uow.session, programme) if one.module == number and not one.cancelled]
    if any(lesson.starts_at <= now for lesson in held):
        raise Conflict("第 {number} 次集中授课已经开始，不能整体改期。", code="lesson-held", values={"number": number})
    if starts_on <= local(now).date():
        raise Invalid("改期后的开始日期须晚于今天，请重新填写。", code="day-past")
    shift = starts_on - module.dates[0]
    moved = _shifted(module, shift)
    row = Plan(
        id=uuid4(),
        programme=programme,
        state=PlanState.DRAFT,
        constraints=in_force.constraints,
        modules=plans.MODULES.dump_python(
            tuple(moved if one.number == number else one for one in plan.modules), mode="json"
        ),
        message=f"由第 {in_force.version} 版调整：第 {number} 次集中授课改为 {starts_on:%Y年%m月%d日} 开始",
        made_by=actor,
        made_at=now,
    )
    uow.session.add(row)
    details = {"module": number, "starts_on": starts_on.isoformat()}
    uow.record("move_module", str(row.id), actor=actor, now=now, details=details)
    return row


def _shifted(module: rules.Module, shift: timedelta) -> rules.Module:
    return replace(module, sessions=tuple(replace(one, on=one.on + shift) for one in module.sessions))


def publish_plan(uow: UnitOfWork, plan_id: UUID, *, actor: str, now: datetime) -> Plan:
    """Publish a draft as the programme's next version: publish PlanPublished and enqueue the new 课程表 for every
    student.

    Raises Invalid with every rule that the plan breaks, and Conflict if it contradicts lessons already held.
    """
    programme = lock_programme(uow, plans.plan_of(uow.session, plan_id).programme)
    row = lock_plan(uow, plan_id)
    before = plans.published_plan(uow.session, programme.code)
    _step_plan(row, PlanState.PUBLISHED)
    _check(uow, row)
    if before is not None:
        if before.published_at and before.published_at > row.made_at:
            raise Overtaken("这份草案早于已发布的教学计划，请重新编排或调整后再发布。")
        _step_plan(before, PlanState.SUPERSEDED)
        uow.session.add(before)
    last = uow.session.exec(select(func.max(Plan.version)).where(Plan.programme == programme.code)).one()
    row.version, row.published_at = (last or 0) + 1, now
    uow.session.add(row)
    uow.session.flush()
    replace_lessons(uow, row, now=now)
    for student in students(uow.session, programme.code, StudentState.EXPECTED, StudentState.REGISTERED):
        enqueue_schedule(uow, student, row, now=now)
    details = {"programme": programme.code, "version": row.version}
    uow.record("publish_plan", str(plan_id), actor=actor, now=now, details=details)
    uow.publish(_event(row), now=now)
    return row


def _check(uow: UnitOfWork, row: Plan) -> None:
    if shortfalls := plans.shortfalls_of(uow.session, row):
        field_errors = [FieldError("plan", str(one.rule), one.message) for one in shortfalls]
        text = Joined(field_errors, "；")
        raise Invalid(
            "教学计划还不能发布：{faults}。", code="plan-shortfalls", field_errors=field_errors, values={"faults": text}
        )


def _event(row: Plan) -> PlanPublished:
    plan = plans.plan_value(row)
    return PlanPublished(
        programme=row.programme,
        version=row.version or 0,
        days=len({one.on for one in plan.sessions}),
        hours=sum(one.hours for one in plan.sessions),
        modules=tuple(
            PlanModule(
                number=module.number,
                starts_on=module.dates[0],
                ends_on=module.dates[-1],
                region=module.region,
                hours=sum(one.hours for one in module.sessions),
            )
            for module in plan.modules
        ),
    )


def _step_plan(row: Plan, target: PlanState) -> None:
    check_step(PLAN_STEPS, PlanState(row.state), target, titles=PLAN_TITLES)
    row.state = target
