"""The independent check of a teaching plan: it notices every change that breaks a rule, and no other."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scheduling.rules.plan.checks import check_plan
from services.scheduling.rules.plan.stats import plan_stats
from services.scheduling.rules.plan.values import (
    LessonKind,
    Plan,
    PlanRule,
    Session,
    Teacher,
    TeacherKind,
    Venue,
    VenueKind,
    open_on,
)
from tests.scheduling.course import CONSTRAINTS, FIRST_DAY, REGIONS, RESOURCES, solved_plan


@pytest.fixture(scope="module")
def plan() -> Plan:
    return solved_plan()


def broken_rules(plan: Plan) -> set[PlanRule]:
    return {shortfall.rule for shortfall in check_plan(plan, CONSTRAINTS, RESOURCES)}


def with_session(plan: Plan, index: int, change: Callable[[Session], Session]) -> Plan:
    """Return the plan with one half-day, counted through all modules, changed."""
    numbered = iter(range(len(plan.sessions)))
    return replace(
        plan,
        modules=tuple(
            replace(
                module,
                sessions=tuple(change(one) if next(numbered) == index else one for one in module.sessions),
            )
            for module in plan.modules
        ),
    )


def test_an_empty_plan_reports_shortfalls():
    assert broken_rules(Plan(())) == {PlanRule.TOTAL_DAYS, PlanRule.TOTAL_HOURS, PlanRule.REGIONS}


half_day = st.integers(0, 31)


@given(half_day)
def test_a_dropped_half_day_is_noticed(plan: Plan, index: int):
    dropped = [
        replace(module, sessions=tuple(one for one in module.sessions if one != plan.sessions[index]))
        for module in plan.modules
    ]
    assert PlanRule.TOTAL_HOURS in broken_rules(replace(plan, modules=tuple(dropped)))


@given(half_day, st.integers(-8, 12).filter(lambda hours: hours != 4))
def test_invalid_hours_of_a_half_day_are_noticed(plan: Plan, index: int, hours: int):
    changed = with_session(plan, index, lambda one: replace(one, hours=hours))
    assert PlanRule.TOTAL_HOURS in broken_rules(changed)


@given(half_day, half_day)
def test_two_lessons_in_one_half_day_are_noticed(plan: Plan, index: int, onto: int):
    target = plan.sessions[onto]
    changed = with_session(plan, index, lambda one: replace(one, on=target.on, half=target.half))
    assert (PlanRule.DOUBLE_BOOKING in broken_rules(changed)) == (index != onto)


@given(half_day, st.sampled_from([on for on, day in RESOURCES.calendar.items() if day.holiday and on.year == 2022]))
def test_a_lesson_on_a_holiday_is_noticed(plan: Plan, index: int, on: date):
    changed = with_session(plan, index, lambda one: replace(one, on=on))
    adjusted = RESOURCES.calendar[on].kind == "adjusted_working"
    assert (PlanRule.NO_HOLIDAY in broken_rules(changed)) == (not adjusted)


@given(half_day, st.sampled_from(RESOURCES.teachers))
def test_a_teacher_who_is_away_or_teaches_elsewhere_is_noticed(plan: Plan, index: int, teacher: Teacher):
    session = plan.sessions[index]
    region = next(module.region for module in plan.modules if session in module.sessions)
    free = region in teacher.regions and session.on not in teacher.unavailable
    changed = with_session(plan, index, lambda one: replace(one, teacher_id=teacher.id))
    assert (PlanRule.TEACHERS in broken_rules(changed)) == (not free)


@given(half_day, st.sampled_from(RESOURCES.venues))
def test_a_venue_that_is_closed_or_in_another_region_is_noticed(plan: Plan, index: int, venue: Venue):
    session = plan.sessions[index]
    region = next(module.region for module in plan.modules if session in module.sessions)
    fits = venue.region == region and open_on(venue, session.on, RESOURCES.calendar)
    changed = with_session(plan, index, lambda one: replace(one, venue_id=venue.id))
    assert (PlanRule.VENUES in broken_rules(changed)) == (not fits)


@given(half_day, st.sampled_from(["teacher_id", "venue_id"]))
def test_an_unknown_teacher_or_venue_is_noticed(plan: Plan, index: int, field: str):
    expected = {"teacher_id": PlanRule.TEACHERS, "venue_id": PlanRule.VENUES}[field]
    changes: dict[str, str] = {field: "nobody"}
    assert expected in broken_rules(with_session(plan, index, lambda one: replace(one, **changes)))  # type: ignore[arg-type]


@given(st.sets(half_day, min_size=2))
def test_changed_lesson_kinds_are_noticed_outside_the_share_band(plan: Plan, indexes: set[int]):
    changed = plan
    for index in indexes:
        changed = with_session(
            changed,
            index,
            lambda one: replace(
                one, kind=LessonKind.THEORY if one.kind is LessonKind.PRACTICE else LessonKind.PRACTICE
            ),
        )
    halves = sum(one.kind is LessonKind.PRACTICE for one in changed.sessions)
    assert (PlanRule.PRACTICE_SHARE in broken_rules(changed)) == (halves not in (22, 23))


@given(st.integers(0, 7), st.integers(-400, 400).filter(lambda days: days != 0))
def test_a_moved_module_breaks_the_rhythm_or_stays_within_it(plan: Plan, number: int, days: int):
    number %= len(plan.modules)
    module = plan.modules[number]
    shift = timedelta(days=days)
    moved = replace(module, sessions=tuple(replace(one, on=one.on + shift) for one in module.sessions))
    modules = (*plan.modules[:number], moved, *plan.modules[number + 1 :])
    starts = sorted(one.dates[0] for one in modules)
    gaps = [(after - before).days for before, after in pairwise(starts)]
    rules = broken_rules(replace(plan, modules=modules))
    assert (PlanRule.GAP in rules) == any(not 28 <= gap <= 62 for gap in gaps)
    assert (PlanRule.FIRST_MODULE in rules) == (starts[0] != FIRST_DAY)


def test_a_course_longer_than_its_year_is_noticed(plan: Plan):
    last = plan.modules[-1]
    late = replace(last, sessions=tuple(replace(one, on=one.on + timedelta(days=365)) for one in last.sessions))
    assert PlanRule.WITHIN_CYCLE in broken_rules(replace(plan, modules=(*plan.modules[:-1], late)))


def test_a_module_of_one_day_or_with_a_hole_is_noticed(plan: Plan):
    first = plan.modules[0]
    one_day = replace(first, sessions=first.sessions[:2])
    with_hole = replace(
        first,
        sessions=(*first.sessions[:2], *(replace(one, on=one.on + timedelta(days=5)) for one in first.sessions[2:])),
    )
    for changed in (one_day, with_hole):
        assert PlanRule.MODULE_LENGTH in broken_rules(replace(plan, modules=(changed, *plan.modules[1:])))


def test_a_course_in_one_region_or_on_a_blocked_day_is_noticed(plan: Plan):
    at_home = tuple(module for module in plan.modules if module.region == REGIONS[0])
    assert PlanRule.REGIONS in broken_rules(replace(plan, modules=at_home))
    blocked = replace(CONSTRAINTS, blocked_dates=frozenset({FIRST_DAY}))
    assert [one.message for one in check_plan(plan, blocked, RESOURCES)] == ["2021-12-25 已设定为不得授课"]


def test_too_many_lessons_of_mentors_or_too_few_in_firms_are_noticed(plan: Plan):
    mentors = {teacher.id for teacher in RESOURCES.teachers if teacher.kind is TeacherKind.MENTOR}
    of_mentors = with_all(plan, lambda one: replace(one, teacher_id=min(mentors)))
    assert PlanRule.MENTOR_SHARE in broken_rules(of_mentors)
    assert plan_stats(of_mentors, RESOURCES).mentor_percent_by_headcount == 100.0
    classrooms = {venue.region: venue.id for venue in RESOURCES.venues if venue.kind is VenueKind.CLASSROOM}
    in_classrooms = with_all(plan, lambda one: replace(one, venue_id=classrooms["重庆"]))
    assert PlanRule.SITE_SHARE in broken_rules(in_classrooms)


def with_all(plan: Plan, change: Callable[[Session], Session]) -> Plan:
    changed = plan
    for index in range(len(plan.sessions)):
        changed = with_session(changed, index, change)
    return changed
