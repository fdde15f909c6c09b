"""Availability of each kind of teacher and venue per region and day, as tables for the plan search.

Called by `teaching_plan` once per search; read by `plan_model`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from services.scheduling.rules.plan.values import (
    PlanConstraints,
    PlanResources,
    TeacherKind,
    VenueKind,
    open_on,
    teaches_on,
)
from shared.foundation.errors import FieldError, Invalid

Role = TeacherKind | VenueKind


@dataclass(frozen=True)
class Availability:
    """Days are numbered from `first_from`; `missing` holds the days on which a role is unavailable in a region."""

    last_day: int
    regions: tuple[str, ...]
    missing: dict[tuple[Role, str], frozenset[int]]


def availability(constraints: PlanConstraints, resources: PlanResources) -> Availability:
    """Build the availability tables. Raises Invalid without teachers or venues, or if the calendar ends before the
    course could."""
    if not resources.teachers or not resources.venues:
        raise Invalid("请先登记至少一位师资和一个授课场地，再编排教学计划。", code="plan_resources_missing")
    latest_end = constraints.first_until + timedelta(days=constraints.cycle_days)
    calendar = resources.calendar
    if constraints.first_from not in calendar or latest_end not in calendar:
        raise Invalid(
            "工作日历须覆盖 {since} 至 {until}，请先补充缺少的年份。",
            code="calendar_day_missing",
            field_errors=[FieldError("calendar", "calendar_day_missing", latest_end.isoformat())],
            values={"since": constraints.first_from.isoformat(), "until": latest_end.isoformat()},
        )
    dates = list(_days_covered(constraints.first_from, resources))
    regions = {venue.region for venue in resources.venues}
    for teacher in resources.teachers:
        regions |= teacher.regions
    missing: dict[tuple[Role, str], frozenset[int]] = {}
    for region in regions:
        for kind in TeacherKind:
            staff = [teacher for teacher in resources.teachers if teacher.kind is kind]
            missing[kind, region] = _numbers(not any(teaches_on(t, region, on) for t in staff) for on in dates)
        for place in VenueKind:
            venues = [venue for venue in resources.venues if venue.kind is place and venue.region == region]
            missing[place, region] = _numbers(not any(open_on(v, on, calendar) for v in venues) for on in dates)
    return Availability(len(dates) - 1, tuple(sorted(regions)), missing)


def _days_covered(first: date, resources: PlanResources) -> Iterable[date]:
    """Yield the days from `first` on, up to the first gap in the calendar."""
    day = first
    while day in resources.calendar:
        yield day
        day += timedelta(days=1)


def _numbers(flags: Iterable[bool]) -> frozenset[int]:
    return frozenset(number for number, flag in enumerate(flags) if flag)
