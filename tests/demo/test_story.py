"""The demo's story: derived from the seed, at most one special case per application, and a tie at the last seat."""

from collections import Counter

import pytest

from services.demo.cohort import DEADLINE, Cohort, cohort
from services.demo.course import StudentYear, student_years
from services.demo.marks import marks
from services.demo.programme import programme
from services.demo.refusals import refused_cases
from services.demo.story import Story, make_story

SEEDS = (1, 2, 20211122)


@pytest.fixture(scope="module", params=SEEDS)
def planned(request) -> tuple[int, Cohort, Story]:
    whole = cohort(request.param)
    return request.param, whole, make_story(whole, request.param)


def test_a_seed_always_gives_the_same_story():
    assert make_story(cohort(5), 5) == make_story(cohort(5), 5)
    assert make_story(cohort(5), 5) != make_story(cohort(5), 6)


def test_no_application_has_two_special_cases_and_111_are_interviewed(planned):
    _, _, story = planned
    special = [*story.returns, *story.rejections, *story.withdrawals, *story.missed_once, *story.missed_for_good]
    assert len(special) == len(set(special)) == 14
    assert len(story.interviewed) == 111


def test_the_draft_is_valid_in_time_and_of_a_person_without_another_application(planned):
    seed, whole, story = planned
    others = [*whole.applications, *(case.application for case in refused_cases(whole, seed))]
    assert story.draft.posted_at < DEADLINE
    for section, field in (("student", "identity_number"), ("student", "name"), ("firm", "credit_code")):
        assert story.draft.body[section][field] not in {one.body[section][field] for one in others}
    assert story.draft.platform_no not in {one.platform_no for one in others}
    assert {scan.flaw for scan in story.draft.scans} == {""}


def test_each_return_names_its_defects_and_the_correction_is_the_valid_application(planned):
    _, whole, story = planned
    valid = {one.platform_no: one for one in whole.applications}
    posted = {one.platform_no: one for one in story.applications}
    assert list(posted) == list(valid)
    changed = {
        number for number, one in posted.items() if (one.body, one.scans) != (valid[number].body, valid[number].scans)
    }
    assert changed == set(story.returns)
    for number, returned in story.returns.items():
        assert all(item and reason for item, reason in returned.defects)
        if returned.corrected is not None:
            assert (returned.corrected.body, returned.corrected.scans) == (valid[number].body, valid[number].scans)
            assert returned.corrected.key not in {one.key for one in story.applications}
    assert [returned.corrected is None for returned in story.returns.values()].count(True) == 1


def test_a_repeated_request_equals_the_first_one(planned):
    seed, whole, story = planned
    posted = {one.platform_no: one for one in story.applications}
    for case in refused_cases(whole, seed):
        if case.code == "repeated_request":
            assert posted[case.application.platform_no] == case.application


def test_every_sheet_stays_within_the_points_of_the_programme(planned):
    seed, _, story = planned
    scoring = programme()["scoring"]
    for scores in marks(story.applications, story.interviewed, seed).values():
        assert 0 <= scores.firm_points <= scoring["firm_points"]
        assert 0 <= scores.materials_points <= scoring["materials_points"]
        assert len(scores.sheets) == 5
        for sheet in scores.sheets:
            assert set(sheet) == set(scoring["interview_items"])
            assert all(0 <= points <= scoring["interview_items"][item] for item, points in sheet.items())


def test_ranks_50_and_51_tie_in_total_and_interview_and_differ_in_tier(planned):
    seed, _, story = planned
    by_number = marks(story.applications, story.interviewed, seed)
    tiers = {one.platform_no: one.body["firm"]["tier"] for one in story.applications}
    ranked = sorted(story.interviewed, key=lambda number: (-by_number[number].total, -by_number[number].interview))
    last, next_one = ranked[49], ranked[50]
    assert (by_number[last].total, by_number[last].interview) == (
        by_number[next_one].total,
        by_number[next_one].interview,
    )
    assert tiers[last] != tiers[next_one]


def test_a_small_cohort_gets_marks_without_a_tie():
    few = cohort(1).applications[:10]
    assert len(marks(few, [one.platform_no for one in few], 1)) == 10


def test_one_student_drops_out_two_miss_lessons_one_fails_and_one_passes_the_second_attempt():
    for seed in SEEDS:
        years = student_years(seed)
        assert Counter(year.results for year in years) == {(True,): 47, (): 1, (False, False): 1, (False, True): 1}
        assert sum(any(not absence.made_up for absence in year.absences) for year in years) == 2
        assert sum(bool(year.absences) for year in years) == 4
        assert years.count(StudentYear()) == 43
        assert years == student_years(seed)
