"""The plan solver: plans within the notice's rules, explanations if there is none, and independent checks."""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.scheduling.rules.plan.checks import check_plan
from services.scheduling.rules.plan.conflicts import Infeasible, rule_sentence
from services.scheduling.rules.plan.solver import solve_teaching_plan
from services.scheduling.rules.plan.stats import plan_stats
from services.scheduling.rules.plan.values import (
    Half,
    Plan,
    PlanConstraints,
    PlanResources,
    PlanRule,
    TeacherKind,
    open_on,
)
from shared.foundation.errors import Invalid
from tests.scheduling.course import CONSTRAINTS, FIRST_DAY, RESOURCES, solved_plan

SHORT_COURSE = replace(CONSTRAINTS, total_days=4, min_hours=32, practice_tolerance=10)
DECEMBER = frozenset(date(2021, 12, day) for day in range(1, 32))


@pytest.fixture(scope="module")
def plan() -> Plan:
    return solved_plan()


def conflict(constraints: PlanConstraints, resources: PlanResources = RESOURCES) -> set[PlanRule]:
    with pytest.raises(Infeasible) as refusal:
        solve_teaching_plan(constraints, resources)
    return {one.rule for one in refusal.value.conflicts}


def test_the_2021_programme_has_a_plan_that_passes_every_check(plan: Plan):
    assert check_plan(plan, CONSTRAINTS, RESOURCES) == ()
    stats = plan_stats(plan, RESOURCES)
    assert (stats.days, stats.hours) == (16, 128)
    assert plan.modules[0].dates[0] == FIRST_DAY
    assert stats.practice_percent in (68.8, 71.9)
    assert stats.mentor_percent_by_hours == 50.0
    assert len(stats.regions) == 2
    assert stats.site_percent_of_practice >= 50


def test_each_teaching_day_has_a_morning_and_an_afternoon(plan: Plan):
    days = Counter(session.on for session in plan.sessions)
    assert set(days.values()) == {2}
    assert [session.half for session in plan.sessions] == [Half.AM, Half.PM] * 16


def test_the_stages_of_growth_follow_each_other_over_the_year(plan: Plan):
    stages = list(dict.fromkeys(session.stage for session in plan.sessions))
    assert tuple(stages) == CONSTRAINTS.stages


def test_the_same_input_gives_the_same_plan(plan: Plan):
    assert solve_teaching_plan(CONSTRAINTS, RESOURCES) == plan


def test_progress_is_reported_in_chinese():
    messages: list[str] = []
    solve_teaching_plan(SHORT_COURSE, RESOURCES, progress=messages.append)
    assert messages[0] == "正在编排教学计划"
    assert messages[-1] == "正在安排师资和场地"


def test_exactly_70_percent_of_128_hours_is_impossible_and_the_answer_names_both_rules():
    assert conflict(replace(CONSTRAINTS, practice_tolerance=0)) == {PlanRule.TOTAL_DAYS, PlanRule.PRACTICE_SHARE}


def test_seven_hours_a_day_contradict_128_hours_in_16_days():
    assert conflict(replace(CONSTRAINTS, pm_hours=3)) == {PlanRule.TOTAL_DAYS, PlanRule.TOTAL_HOURS}


def test_a_blocked_december_contradicts_a_start_in_december():
    constraints = replace(
        CONSTRAINTS, first_from=date(2021, 12, 1), first_until=date(2021, 12, 31), blocked_dates=DECEMBER
    )
    assert conflict(constraints) == {PlanRule.FIRST_MODULE, PlanRule.BLOCKED_DATES}


def test_modules_of_three_days_contradict_sixteen_days():
    assert conflict(replace(CONSTRAINTS, min_module_days=3)) == {PlanRule.TOTAL_DAYS, PlanRule.MODULE_LENGTH}


def test_more_regions_than_registered_is_a_conflict():
    assert conflict(replace(CONSTRAINTS, min_regions=4)) == {PlanRule.REGIONS}


def test_a_mentor_share_without_mentors_is_a_conflict():
    professors = tuple(teacher for teacher in RESOURCES.teachers if teacher.kind is TeacherKind.PROFESSOR)
    without_mentors = replace(RESOURCES, teachers=professors)
    assert conflict(SHORT_COURSE, without_mentors) == {PlanRule.MENTOR_SHARE, PlanRule.TEACHERS}


def test_the_explanation_quotes_the_clauses_of_the_notice():
    with pytest.raises(Infeasible) as refusal:
        solve_teaching_plan(replace(CONSTRAINTS, pm_hours=3), RESOURCES)
    assert str(refusal.value) == (
        "下列要求不能同时满足，排不出教学计划：（1）集中授课共 16 天（通知原文：“全年集中授课16天”）；"
        "（2）总课时不少于 128 课时，每天上午 4、下午 3 课时（通知原文：“不少于128课时”）；请至少放宽其中一项后重新编排。"
    )


def test_a_rule_of_the_office_is_not_attributed_to_the_notice():
    of_office = "法定节假日放假期间不授课（通知未作规定，由办班单位设定）"
    assert rule_sentence(PlanRule.NO_HOLIDAY, CONSTRAINTS) == of_office
    assert rule_sentence(PlanRule.NO_HOLIDAY, replace(CONSTRAINTS, clauses={})) == "法定节假日放假期间不授课"


def test_every_rule_has_its_sentence():
    assert all(rule_sentence(rule, CONSTRAINTS) for rule in PlanRule)


def test_constraints_that_contradict_themselves_are_refused_field_by_field():
    with pytest.raises(Invalid) as refusal:
        PlanConstraints(first_from=FIRST_DAY, first_until=FIRST_DAY - timedelta(days=1), am_hours=0)
    assert [error.field for error in refusal.value.field_errors] == ["first_until", "am_hours"]


def test_missing_teachers_or_calendar_are_refused_with_advice():
    with pytest.raises(Invalid, match="请先登记至少一位师资和一个授课场地"):
        solve_teaching_plan(CONSTRAINTS, replace(RESOURCES, teachers=()))
    only_2021 = {on: day for on, day in RESOURCES.calendar.items() if on.year == 2021}
    with pytest.raises(Invalid, match="工作日历须覆盖 2021-12-25 至 2022-12-25"):
        solve_teaching_plan(CONSTRAINTS, replace(RESOURCES, calendar=only_2021))


def test_a_firm_is_visited_on_its_working_days_only():
    works_saturdays, closed_on_weekends = (venue for venue in RESOURCES.venues if venue.id in ("重庆-0", "重庆-1"))
    saturday, sunday, adjusted, festival = (
        date(2021, 12, 25),
        date(2021, 12, 26),
        date(2022, 1, 29),
        date(2022, 2, 5),
    )
    days = (saturday, sunday, adjusted, festival)
    assert [open_on(works_saturdays, on, RESOURCES.calendar) for on in days] == [True, False, True, False]
    assert [open_on(closed_on_weekends, on, RESOURCES.calendar) for on in days] == [False, False, True, False]


@settings(max_examples=6, deadline=None)
@given(
    days=st.integers(4, 9),
    tolerance=st.integers(5, 30),
    start=st.dates(date(2021, 12, 1), date(2022, 3, 31)),
    regions=st.integers(1, 2),
)
def test_the_solver_returns_a_valid_plan_or_a_conflict(days: int, tolerance: int, start: date, regions: int):
    constraints = replace(
        CONSTRAINTS,
        first_from=start,
        first_until=start + timedelta(days=14),
        total_days=days,
        min_hours=8 * days,
        practice_tolerance=tolerance,
        mentor_tolerance=tolerance,
        min_regions=regions,
    )
    found, conflicts = outcome(constraints)
    assert (found is None) == (conflicts > 0)
    assert found is None or check_plan(found, constraints, RESOURCES) == ()


def outcome(constraints: PlanConstraints) -> tuple[Plan | None, int]:
    try:
        return solve_teaching_plan(constraints, RESOURCES), 0
    except Infeasible as refusal:
        return None, len(refusal.conflicts)
