"""The interview solver: hard rules, objectives, and the reasons for unplaced candidates."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.scheduling.rules.interviews.checks import check_schedule
from services.scheduling.rules.interviews.solver import solve_interviews
from services.scheduling.rules.interviews.values import (
    Candidate,
    Interval,
    InterviewProblem,
    Judge,
    Mode,
    Panel,
    Placement,
    Schedule,
    Slot,
    Unplaced,
    is_linked,
    overlaps,
)
from shared.foundation.errors import Invalid

BEGIN = datetime(2021, 12, 6, 1, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)
BOTH = frozenset(Mode)


def slots(count: int) -> tuple[Slot, ...]:
    return tuple(Slot(f"S{n:02}", Interval(BEGIN + n * HALF_HOUR, BEGIN + (n + 1) * HALF_HOUR)) for n in range(count))


def panel(name: str, *modes: Mode, **first_judge: object) -> Panel:
    judges = [Judge(f"{name}-{n}", f"评委{name}{n}", employer_code=f"大学{name}") for n in range(5)]
    judges[0] = replace(judges[0], **first_judge)  # type: ignore[arg-type]
    return Panel(name, f"第{name}组", frozenset(modes) or BOTH, tuple(judges))


def people(count: int, mode: Mode = Mode.ON_SITE) -> tuple[Candidate, ...]:
    return tuple(Candidate(f"C{n:03}", f"FIRM{n}", mode) for n in range(count))


def solved(problem: InterviewProblem) -> Schedule:
    schedule = solve_interviews(problem)
    assert check_schedule(schedule, problem) == ()
    return schedule


def reasons(schedule: Schedule) -> dict[str, str]:
    return {unplaced.candidate_id: unplaced.reason for unplaced in schedule.unplaced}


def panels_of(schedule: Schedule) -> dict[str, str]:
    return {placement.candidate_id: placement.panel_id for placement in schedule.placements}


def test_120_candidates_are_placed_with_six_panels_of_one_mode_each():
    panels = tuple(panel(str(n), Mode.ONLINE if n < 2 else Mode.ON_SITE) for n in range(6))
    online, on_site = people(120, Mode.ONLINE)[:40], people(120)[40:]
    schedule = solved(InterviewProblem(online + on_site, panels, slots(36)))
    assert schedule.unplaced == ()
    assert Counter(panels_of(schedule).values()) == Counter({str(n): 20 for n in range(6)})
    assert {placement.slot_id for placement in schedule.placements} == {f"S{n:02}" for n in range(20)}


def test_the_same_problem_gives_the_same_schedule():
    problem = InterviewProblem(people(30), tuple(panel(str(n)) for n in range(3)), slots(12))
    assert solve_interviews(problem) == solve_interviews(problem)


def test_candidates_beyond_the_capacity_are_listed_with_the_reason():
    schedule = solved(InterviewProblem(people(10), (panel("甲"), panel("乙")), slots(4)))
    assert len(schedule.placements) == 8
    assert set(reasons(schedule).values()) == {"可以面试该候选人的评审组时段已排满，请增加时段或评审组。"}


def test_a_judge_employed_by_the_firm_never_sees_its_people():
    problem = InterviewProblem(people(1), (panel("甲", employer_code="FIRM0"), panel("乙")), slots(1))
    assert panels_of(solved(problem)) == {"C000": "乙"}


def test_a_candidate_whose_every_panel_is_recused_has_that_reason():
    problem = InterviewProblem(people(1), (panel("甲", linked_codes=frozenset({"FIRM0"})),), slots(3))
    assert reasons(solved(problem)) == {
        "C000": "所有现场面试的评审组都有评委与该企业或候选人有关联，须回避，请调整评审组。"
    }


def test_a_related_person_is_recused_by_index_and_a_blank_index_links_no_one():
    relative, stranger = Candidate("C1", "F1", Mode.ONLINE, "idx-7"), Candidate("C2", "F2", Mode.ONLINE)
    judge = Judge("J", "评委", linked_persons=frozenset({"idx-7", ""}))
    assert (is_linked(judge, relative), is_linked(judge, stranger)) == (True, False)


def test_firms_whose_names_differ_by_one_character_are_not_confused():
    candidate = Candidate("C1", "91500000MA0000001A", Mode.ON_SITE)
    assert not is_linked(Judge("J", "评委", employer_code="91500000MA0000002A"), candidate)


def test_without_a_panel_of_the_mode_the_reason_names_the_mode():
    problem = InterviewProblem(people(1, Mode.ONLINE), (panel("甲", Mode.ON_SITE),), slots(1))
    assert reasons(solved(problem)) == {"C000": "没有线上面试的评审组，请增设评审组或与候选人商定改变面试方式。"}


def test_a_judge_on_two_panels_is_in_one_place_at_a_time():
    shared_judge = Judge("J", "两组评委")
    first, second = panel("甲"), panel("乙")
    panels = tuple(replace(one, judges=(*one.judges[:4], shared_judge)) for one in (first, second))
    assert len(solved(InterviewProblem(people(4), panels, slots(3))).placements) == 3


def test_overlapping_slots_hold_one_interview_of_a_panel():
    whole = Interval(BEGIN, BEGIN + 2 * HALF_HOUR)
    problem = InterviewProblem(people(3), (panel("甲"),), (*slots(2), Slot("long", whole)))
    assert [placement.slot_id for placement in solved(problem).placements] == ["S00", "S01"]


def test_adjacent_intervals_do_not_overlap():
    first, second = (slot.interval for slot in slots(2))
    assert (overlaps(first, second), overlaps(second, first), overlaps(first, first)) == (False, False, True)


def test_a_panel_is_not_used_while_one_of_its_judges_is_away():
    problem = InterviewProblem(people(2), (panel("甲", unavailable=(slots(1)[0].interval,)),), slots(3))
    assert [placement.slot_id for placement in solved(problem).placements] == ["S01", "S02"]


def test_a_candidate_without_a_common_free_time_has_that_reason():
    away = replace(people(1)[0], unavailable=(Interval(BEGIN, BEGIN + 3 * HALF_HOUR),))
    problem = InterviewProblem((away,), (panel("甲"),), slots(3))
    assert reasons(solved(problem)) == {
        "C000": "该候选人可以参加的时间与评审组的空闲时段没有重合，请与候选人另约时间。"
    }


def test_people_of_one_firm_meet_one_panel():
    of_one_firm = tuple(Candidate(f"C{n}", "FIRM", Mode.ON_SITE) for n in range(3))
    problem = InterviewProblem((*of_one_firm, *people(3)), (panel("甲"), panel("乙")), slots(6))
    panels = panels_of(solved(problem))
    assert len({panels[candidate.id] for candidate in of_one_firm}) == 1
    assert set(Counter(panels.values()).values()) == {3}


def test_people_of_one_firm_are_split_rather_than_left_out():
    of_one_firm = tuple(Candidate(f"C{n}", "FIRM", Mode.ON_SITE) for n in range(4))
    assert len(solved(InterviewProblem(of_one_firm, (panel("甲"), panel("乙")), slots(2))).placements) == 4


def test_kept_bookings_stay_and_occupy_their_slot():
    kept = (Placement("earlier", "甲", "S00"),)
    problem = InterviewProblem(people(2), (panel("甲"),), slots(2), kept)
    assert [placement.slot_id for placement in solved(problem).placements] == ["S01"]


def test_without_candidates_there_is_an_empty_schedule():
    assert solved(InterviewProblem((), (panel("甲"),), slots(1))) == Schedule((), ())


def test_a_panel_too_small_to_drop_the_highest_and_lowest_sheet_is_refused():
    small = replace(panel("甲"), judges=panel("甲").judges[:4])
    with pytest.raises(Invalid, match="只有 4 位评委，至少需要 5 位"):
        solve_interviews(InterviewProblem(people(1), (small,), slots(1)))


def test_a_judge_named_twice_in_a_panel_is_refused():
    doubled = replace(panel("甲"), judges=(*panel("甲").judges, panel("甲").judges[0]))
    with pytest.raises(Invalid, match="有评委重复"):
        solve_interviews(InterviewProblem(people(1), (doubled,), slots(1)))


FIRM_CODES = st.sampled_from(["F1", "F2", "F3", "F4"])


@st.composite
def problems(draw: st.DrawFn) -> InterviewProblem:
    times = slots(4)
    away = st.lists(st.sampled_from([slot.interval for slot in times]), max_size=2).map(tuple)
    judges = [Judge(f"J{n}", f"评委{n}", draw(FIRM_CODES), unavailable=draw(away)) for n in range(5)]
    seats = st.lists(st.sampled_from(judges), min_size=1, max_size=2, unique=True).map(tuple)
    modes = st.sampled_from([BOTH, frozenset({Mode.ONLINE}), frozenset({Mode.ON_SITE})])
    panels = tuple(Panel(f"P{n}", f"第{n}组", draw(modes), draw(seats)) for n in range(draw(st.integers(0, 3))))
    candidates = tuple(
        Candidate(f"C{n}", draw(FIRM_CODES), draw(st.sampled_from(list(Mode))), unavailable=draw(away))
        for n in range(draw(st.integers(0, 8)))
    )
    return InterviewProblem(candidates, panels, times, least_judges=1)


@settings(max_examples=40, deadline=None)
@given(problems())
def test_every_solved_schedule_passes_the_independent_check(problem: InterviewProblem):
    assert check_schedule(solve_interviews(problem), problem) == ()


def edited(**changes: str) -> tuple[str, ...]:
    """Return the violations of a valid schedule of one person after changing the placement."""
    problem = InterviewProblem(
        (replace(people(1)[0], unavailable=(slots(4)[3].interval,)),),
        (panel("甲"), panel("乙", employer_code="FIRM0"), panel("丙", Mode.ONLINE)),
        slots(4),
        kept=(Placement("earlier", "甲", "S02"),),
    )
    return check_schedule(Schedule((replace(Placement("C000", "甲", "S00"), **changes),), ()), problem)


def test_the_check_finds_each_violation_of_an_edited_schedule():
    assert edited() == ()
    assert edited(panel_id="乙") == ("评委评委乙0与 C000 或其企业有关联，须回避。",)
    assert edited(panel_id="丙") == ("C000 选择现场面试，评审组“第丙组”不以该方式面试。",)
    assert edited(slot_id="S02") == ("评审组“第甲组”同时面试 C000 和 earlier。",)
    assert edited(slot_id="S03") == ("C000 在所安排的时段不能参加。",)
    assert edited(slot_id="S99") == ("C000 的评审组或时段不存在，请重新编排。",)
    assert edited(candidate_id="X") == ("C000 既没有安排面试，也没有列入未安排名单。", "X 不在待面试名单中。")


def test_the_check_finds_people_placed_twice_and_judges_in_two_places():
    shared_judge = Judge("J", "两组评委")
    panels = tuple(replace(panel(name), judges=(*panel(name).judges[:4], shared_judge)) for name in ("甲", "乙"))
    problem = InterviewProblem(people(1), panels, slots(1))
    both = Schedule((Placement("C000", "甲", "S00"), Placement("C000", "乙", "S00")), ())
    assert check_schedule(both, problem) == ("C000 被安排了 2 次。", "评委两组评委同时面试 C000 和 C000。")
    listed = Schedule((Placement("C000", "甲", "S00"),), (Unplaced("C000", "已排满"),))
    assert check_schedule(listed, problem) == ("C000 被安排了 2 次。",)
