"""Queries on teaching plans, teachers, venues and the calendar, and their conversion to the rules' types."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from pydantic import TypeAdapter
from sqlmodel import Session, col, select

from services.scheduling.errors import Unknown
from services.scheduling.models import CalendarEdit, Plan, Teacher, Venue
from services.scheduling.rules.calendar import Calendar, CalendarDay, DayKind, default_calendar
from services.scheduling.rules.plan import values as rules
from services.scheduling.rules.plan.checks import Shortfall, check_plan
from services.scheduling.states import PlanState
from shared.events.intake import Programme
from shared.foundation.errors import Invalid

NOTICE_2021 = "渝经信中小〔2021〕18号"
"""The notice whose clauses rules/plan/values.py quotes. Programmes of other notices get the rules without quotations."""

MODULES: TypeAdapter[tuple[rules.Module, ...]] = TypeAdapter(tuple[rules.Module, ...])
CONSTRAINTS: TypeAdapter[rules.PlanConstraints] = TypeAdapter(rules.PlanConstraints)


@dataclass(frozen=True)
class PlanProblem:
    """The whole input of a search. The calendar is stored as its years and the office's edits, small enough for a job's
    payload."""

    constraints: rules.PlanConstraints
    teachers: tuple[rules.Teacher, ...]
    venues: tuple[rules.Venue, ...]
    years: tuple[int, ...]
    edits: tuple[CalendarDay, ...]

    @property
    def resources(self) -> rules.PlanResources:
        """The teachers, the venues and the calendar."""
        return rules.PlanResources(self.teachers, self.venues, working_calendar(self.years, self.edits))


PROBLEM: TypeAdapter[PlanProblem] = TypeAdapter(PlanProblem)


def problem_of(session: Session, constraints: rules.PlanConstraints) -> PlanProblem:
    """Return the problem from the current rows."""
    return PlanProblem(
        constraints,
        tuple(teacher_value(row) for row in teachers(session)),
        tuple(venue_value(row) for row in venues(session)),
        years_of(constraints),
        tuple(calendar_edits(session)),
    )


def constraints_for(
    programme: Programme,
    *,
    first_from: date | None = None,
    first_until: date | None = None,
    home_region: str = "",
    blocked_dates: Iterable[date] = (),
) -> rules.PlanConstraints:
    """Return the programme's constraints (notice, clause 3). Raises Invalid.

    By default the first module begins between the programme's first day and the end of that month, because the clause
    names the month.
    """
    wanted = programme.plan
    begins = first_from or wanted.first_day
    end_of_month = (begins.replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    afternoon = wanted.hours_per_day // 2
    if first_until and first_until < begins:
        raise Invalid("首次授课的最晚开始日期不能早于最早开始日期，请重新填写。", code="first-module")
    return rules.PlanConstraints(
        first_from=begins,
        first_until=first_until or end_of_month,
        total_days=wanted.days,
        min_module_days=min(wanted.module_days),
        max_module_days=max(wanted.module_days),
        min_hours=wanted.hours,
        am_hours=wanted.hours_per_day - afternoon,
        pm_hours=afternoon,
        min_gap_days=wanted.min_gap_days,
        max_gap_days=wanted.max_gap_days,
        cycle_days=(wanted.last_day - wanted.first_day).days + 1,
        min_regions=wanted.min_regions,
        home_region=home_region,
        practice_percent=wanted.practice_percent,
        practice_tolerance=wanted.tolerance_points,
        mentor_percent=wanted.mentor_percent,
        mentor_tolerance=wanted.tolerance_points,
        blocked_dates=frozenset(blocked_dates),
        clauses=rules.CLAUSES_2021 if programme.document_number == NOTICE_2021 else {},
    )


def years_of(constraints: rules.PlanConstraints) -> tuple[int, ...]:
    """Return the calendar years that a course within these constraints can touch."""
    last = constraints.first_until + timedelta(days=constraints.cycle_days)
    return tuple(range(constraints.first_from.year, last.year + 1))


def plan_of(session: Session, plan_id: UUID) -> Plan:
    """Return a plan. Raises Unknown."""
    row = session.get(Plan, plan_id)
    if row is None:
        raise Unknown("教学计划")
    return row


def plans_of(session: Session, programme: str) -> list[Plan]:
    """List every plan of a programme, newest first."""
    return list(session.exec(select(Plan).where(Plan.programme == programme).order_by(col(Plan.made_at).desc())).all())


def published_plan(session: Session, programme: str) -> Plan | None:
    """Return the plan in force, or None."""
    found = select(Plan).where(Plan.programme == programme, Plan.state == PlanState.PUBLISHED)
    return session.exec(found).one_or_none()


def latest_draft(session: Session, programme: str) -> Plan | None:
    """Return the newest plan made since the last publication (being solved, ready, or failed), or None."""
    found = select(Plan).where(Plan.programme == programme).order_by(col(Plan.made_at).desc())
    newest = session.exec(found).first()
    return newest if newest and newest.state not in (PlanState.PUBLISHED, PlanState.SUPERSEDED) else None


def plan_value(row: Plan) -> rules.Plan:
    """Convert a plan row to the rules' type."""
    return rules.Plan(MODULES.validate_python(row.modules), row.proven_best)


def constraints_of(row: Plan) -> rules.PlanConstraints:
    """Return the constraints that the plan was requested with."""
    return CONSTRAINTS.validate_python(row.constraints)


def shortfalls_of(session: Session, row: Plan) -> tuple[Shortfall, ...]:
    """Return every rule that the plan breaks with the current teachers, venues and calendar; empty if it may be
    published."""
    problem = problem_of(session, constraints_of(row))
    return check_plan(plan_value(row), problem.constraints, problem.resources)


def teachers(session: Session) -> list[Teacher]:
    """List the teachers by kind and name."""
    return list(session.exec(select(Teacher).order_by(Teacher.kind, Teacher.name)).all())


def venues(session: Session) -> list[Venue]:
    """List the venues by region and name."""
    return list(session.exec(select(Venue).order_by(Venue.region, Venue.name)).all())


def calendar_edits(session: Session) -> list[CalendarDay]:
    """List the days on which the office's calendar differs from the published one."""
    rows = session.exec(select(CalendarEdit).order_by(col(CalendarEdit.on))).all()
    return [CalendarDay(row.on, DayKind(row.kind), row.holiday) for row in rows]


def working_calendar(years: Iterable[int], edits: Iterable[CalendarDay]) -> Calendar:
    """Return the published calendar of these years with the office's edits."""
    return default_calendar(years) | {day.on: day for day in edits}


def teacher_value(row: Teacher) -> rules.Teacher:
    """Convert a teacher row to the rules' type."""
    days = frozenset(date.fromisoformat(day) for day in row.unavailable)
    return rules.Teacher(str(row.id), row.name, rules.TeacherKind(row.kind), frozenset(row.regions), days)


def venue_value(row: Venue) -> rules.Venue:
    """Convert a venue row to the rules' type."""
    days = frozenset(date.fromisoformat(day) for day in row.unavailable)
    kind = rules.VenueKind(row.kind)
    return rules.Venue(str(row.id), row.name, row.region, kind, row.works_saturdays, row.works_sundays, days)
