"""Statistics of a teaching plan, valid or not, for its page and its checks.

Called by `plan_checks` and by the page of a plan.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from services.scheduling.rules.calendar import is_working_day
from services.scheduling.rules.plan.values import LessonKind, Plan, PlanResources, Session, TeacherKind, VenueKind


@dataclass(frozen=True)
class PlanStats:
    """Statistics of a plan. Shares are in percent of lesson hours, or of teachers for `mentor_percent_by_headcount`."""

    days: int
    hours: int
    modules: int
    practice_hours: int
    site_hours: int
    mentor_hours: int
    mentors: int
    teachers: int
    gaps: tuple[int, ...]
    regions: tuple[str, ...]
    working_days_lost: int

    @property
    def practice_percent(self) -> float:
        return percent(self.practice_hours, self.hours)

    @property
    def site_percent_of_practice(self) -> float:
        return percent(self.site_hours, self.practice_hours)

    @property
    def mentor_percent_by_hours(self) -> float:
        return percent(self.mentor_hours, self.hours)

    @property
    def mentor_percent_by_headcount(self) -> float:
        return percent(self.mentors, self.teachers)


def percent(part: int, whole: int) -> float:
    """Return a percentage with one decimal for display; 0 of nothing is 0. Checks compare whole numbers instead."""
    return round(100 * part / whole, 1) if whole else 0.0


def plan_stats(plan: Plan, resources: PlanResources) -> PlanStats:
    """Compute the statistics of any plan. Unregistered teachers and venues count as neither kind."""
    sessions = plan.sessions
    region_of = {venue.id: venue.region for venue in resources.venues}
    mentors = {t.id for t in resources.teachers if t.kind is TeacherKind.MENTOR}
    firms = {v.id for v in resources.venues if v.kind is VenueKind.FIRM}
    practice = [one for one in sessions if one.kind is LessonKind.PRACTICE]
    seen = {one.teacher_id for one in sessions} & {teacher.id for teacher in resources.teachers}
    days = {one.on for one in sessions}
    return PlanStats(
        days=len(days),
        hours=_hours(sessions),
        modules=len(plan.modules),
        practice_hours=_hours(practice),
        site_hours=_hours(one for one in practice if one.venue_id in firms),
        mentor_hours=_hours(one for one in sessions if one.teacher_id in mentors),
        mentors=len(seen & mentors),
        teachers=len(seen),
        gaps=tuple((after - before).days for before, after in pairwise(module_starts(plan))),
        regions=tuple(sorted({region_of[one.venue_id] for one in sessions if one.venue_id in region_of})),
        working_days_lost=sum(is_working_day(resources.calendar, day) for day in days if day in resources.calendar),
    )


def _hours(sessions: Iterable[Session]) -> int:
    return sum(session.hours for session in sessions)


def module_starts(plan: Plan) -> list[date]:
    """Return the modules' first days in order of time, for modules in any order."""
    return sorted(module.dates[0] for module in plan.modules if module.sessions)
