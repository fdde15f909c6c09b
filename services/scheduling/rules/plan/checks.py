"""Checks a teaching plan without the solver, whether it was solved, edited by hand or imported.

Called before a plan is published and by its page. Source: notice, section three.
"""

from dataclasses import dataclass
from datetime import date

from services.scheduling.rules.calendar import Calendar, is_holiday
from services.scheduling.rules.plan.stats import PlanStats, module_starts, percent, plan_stats
from services.scheduling.rules.plan.values import (
    Half,
    Module,
    Plan,
    PlanConstraints,
    PlanResources,
    PlanRule,
    Session,
    Teacher,
    Venue,
    open_on,
    teaches_on,
)


@dataclass(frozen=True)
class Shortfall:
    """A rule that the plan breaks, and how, in Chinese."""

    rule: PlanRule
    message: str


def check_plan(plan: Plan, constraints: PlanConstraints, resources: PlanResources) -> tuple[Shortfall, ...]:
    """Return every rule that the plan breaks; empty if it may be published. Raises nothing."""
    stats = plan_stats(plan, resources)
    return (
        *_amounts(stats, constraints),
        *_shares(stats, constraints),
        *_rhythm(plan, stats, constraints),
        *_lengths(plan, constraints),
        *_dates(plan, constraints, resources.calendar),
        *_staff_and_places(plan, resources),
        *_double_bookings(plan),
    )


def _amounts(stats: PlanStats, wanted: PlanConstraints) -> list[Shortfall]:
    found = []
    if stats.days != wanted.total_days:
        found.append(Shortfall(PlanRule.TOTAL_DAYS, f"授课 {stats.days} 天，应为 {wanted.total_days} 天"))
    if stats.hours < wanted.min_hours:
        found.append(Shortfall(PlanRule.TOTAL_HOURS, f"共 {stats.hours} 课时，不足 {wanted.min_hours} 课时"))
    if len(stats.regions) < wanted.min_regions:
        named = "、".join(stats.regions) or "无"
        text = f"授课地区 {len(stats.regions)} 个（{named}），至少 {wanted.min_regions} 个"
        found.append(Shortfall(PlanRule.REGIONS, text))
    return found


def _shares(stats: PlanStats, wanted: PlanConstraints) -> list[Shortfall]:
    """Check the shares. A plan without lessons has none; its missing days and hours are reported already."""
    found = []
    bands = [
        (
            PlanRule.PRACTICE_SHARE,
            "实战课时",
            stats.practice_hours,
            wanted.practice_percent,
            wanted.practice_tolerance,
        ),
        (PlanRule.MENTOR_SHARE, "企业导师课时", stats.mentor_hours, wanted.mentor_percent, wanted.mentor_tolerance),
    ]
    for rule, name, hours, target, tolerance in bands:
        if abs(100 * hours - target * stats.hours) > tolerance * stats.hours:
            share = percent(hours, stats.hours)
            text = f"{name}占 {share}%，应为 {target}%，允许偏差 {tolerance} 个百分点"
            found.append(Shortfall(rule, text))
    if 100 * stats.site_hours < wanted.min_site_percent_of_practice * stats.practice_hours:
        share = stats.site_percent_of_practice
        text = f"实战课时中企业现场教学占 {share}%，至少 {wanted.min_site_percent_of_practice}%"
        found.append(Shortfall(PlanRule.SITE_SHARE, text))
    return found


def _rhythm(plan: Plan, stats: PlanStats, wanted: PlanConstraints) -> list[Shortfall]:
    starts = module_starts(plan)
    if not starts:
        return []
    found = []
    if not wanted.first_from <= starts[0] <= wanted.first_until:
        text = f"首次开课 {starts[0]}，应在 {wanted.first_from} 至 {wanted.first_until} 之间"
        found.append(Shortfall(PlanRule.FIRST_MODULE, text))
    for start, gap in zip(starts[1:], stats.gaps, strict=True):
        if not wanted.min_gap_days <= gap <= wanted.max_gap_days:
            text = f"{start} 开课距上次 {gap} 天，应为 {wanted.min_gap_days} 至 {wanted.max_gap_days} 天"
            found.append(Shortfall(PlanRule.GAP, text))
    last = max(session.on for session in plan.sessions)
    if (last - starts[0]).days >= wanted.cycle_days:
        text = f"最后一天 {last} 超出开课后 {wanted.cycle_days} 天的培训周期"
        found.append(Shortfall(PlanRule.WITHIN_CYCLE, text))
    return found


def _lengths(plan: Plan, wanted: PlanConstraints) -> list[Shortfall]:
    found = []
    for module in plan.modules:
        days = module.dates
        if not wanted.min_module_days <= len(days) <= wanted.max_module_days:
            text = f"第 {module.number} 次授课 {len(days)} 天，应为 {wanted.min_module_days} 至 {wanted.max_module_days} 天"
            found.append(Shortfall(PlanRule.MODULE_LENGTH, text))
        elif (days[-1] - days[0]).days >= len(days):
            found.append(Shortfall(PlanRule.MODULE_LENGTH, f"第 {module.number} 次授课的日期不连续"))
    for session in plan.sessions:
        most = wanted.hours_of(session.half)
        if not 0 < session.hours <= most:
            text = f"{_when(session)}计 {session.hours} 课时，半天应为 1 至 {most} 课时"
            found.append(Shortfall(PlanRule.TOTAL_HOURS, text))
    return found


def _dates(plan: Plan, wanted: PlanConstraints, calendar: Calendar) -> list[Shortfall]:
    found = []
    for on in sorted({session.on for session in plan.sessions}):
        if on not in calendar:
            found.append(Shortfall(PlanRule.NO_HOLIDAY, f"工作日历中没有 {on}，请先补充 {on.year} 年"))
        elif is_holiday(calendar, on):
            found.append(Shortfall(PlanRule.NO_HOLIDAY, f"{on} 在{calendar[on].holiday or '法定节假日'}放假期间"))
        if on in wanted.blocked_dates:
            found.append(Shortfall(PlanRule.BLOCKED_DATES, f"{on} 已设定为不得授课"))
    return found


def _staff_and_places(plan: Plan, resources: PlanResources) -> list[Shortfall]:
    teachers = {teacher.id: teacher for teacher in resources.teachers}
    venues = {venue.id: venue for venue in resources.venues}
    found = []
    for module in plan.modules:
        for session in module.sessions:
            teacher, venue = teachers.get(session.teacher_id), venues.get(session.venue_id)
            if problem := _teacher_problem(session, module, teacher):
                found.append(Shortfall(PlanRule.TEACHERS, _when(session) + problem))
            if problem := _venue_problem(session, module, venue, resources.calendar):
                found.append(Shortfall(PlanRule.VENUES, _when(session) + problem))
    return found


def _teacher_problem(session: Session, module: Module, teacher: Teacher | None) -> str:
    if teacher is None:
        return "的教师未登记"
    if not teaches_on(teacher, module.region, session.on):
        return f"，{teacher.name}不能在{module.region}授课或当天没有空"
    return ""


def _venue_problem(session: Session, module: Module, venue: Venue | None, calendar: Calendar) -> str:
    if venue is None:
        return "的场地未登记"
    if venue.region != module.region:
        return f"的场地{venue.name}在{venue.region}，本次授课在{module.region}"
    if session.on in calendar and not open_on(venue, session.on, calendar):
        return f"，{venue.name}不开放（企业参观只安排在该企业的工作日）"
    return ""


def _double_bookings(plan: Plan) -> list[Shortfall]:
    """Check that the class, and so each teacher and venue, has one session per half-day."""
    by_half_day: dict[tuple[date, Half], list[Session]] = {}
    for session in plan.sessions:
        by_half_day.setdefault((session.on, session.half), []).append(session)
    return [
        Shortfall(PlanRule.DOUBLE_BOOKING, f"{_when(sessions[0])}安排了 {len(sessions)} 次课")
        for sessions in by_half_day.values()
        if len(sessions) > 1
    ]


def _when(session: Session) -> str:
    return f"{session.on} {'上午' if session.half is Half.AM else '下午'}"
