"""A fictitious course: the 2021 notice's constraints, twelve teachers, ten venues in three regions."""

from datetime import date, timedelta
from functools import cache

from services.scheduling.rules.calendar import default_calendar
from services.scheduling.rules.plan.solver import solve_teaching_plan
from services.scheduling.rules.plan.values import (
    Plan,
    PlanConstraints,
    PlanResources,
    Teacher,
    TeacherKind,
    Venue,
    VenueKind,
)

REGIONS = ("重庆", "四川", "浙江")
FIRST_DAY = date(2021, 12, 25)


def _teacher(number: int) -> Teacher:
    """Return a teacher who is away for three days about every seventh week. Every second one is a mentor, later ones
    travel."""
    away = frozenset(
        FIRST_DAY + timedelta(days=number * 13 + spell * 47 + day) for spell in range(8) for day in range(3)
    )
    kind = TeacherKind.MENTOR if number % 2 == 0 else TeacherKind.PROFESSOR
    return Teacher(f"T{number:02}", f"教师{number}", kind, frozenset(REGIONS[: 1 + number // 4]), away)


def _venues(region: str) -> list[Venue]:
    classroom = Venue(f"{region}-教室", f"{region}教室", region, VenueKind.CLASSROOM)
    firms = [
        Venue(f"{region}-{n}", f"{region}样板企业{n}", region, VenueKind.FIRM, works_saturdays=n == 0)
        for n in range(3 if region == REGIONS[0] else 2)
    ]
    return [classroom, *firms]


RESOURCES = PlanResources(
    teachers=tuple(_teacher(number) for number in range(12)),
    venues=tuple(venue for region in REGIONS for venue in _venues(region)),
    calendar=default_calendar([2021, 2022, 2023]),
)
CONSTRAINTS = PlanConstraints(first_from=FIRST_DAY, first_until=FIRST_DAY, home_region="重庆")


@cache
def solved_plan() -> Plan:
    """Return a solved plan, cached for the tests that read or modify it."""
    return solve_teaching_plan(CONSTRAINTS, RESOURCES)
