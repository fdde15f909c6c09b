"""The story that the demo plays: told by the seed, one destiny each, and a tie at the last seat."""

from collections import Counter

import pytest

from services.demo.cohort import DEADLINE, Cohort, cohort
from services.demo.course import Destiny, destinies
from services.demo.marks import marks
from services.demo.programme import programme
from services.demo.refusals import refused_cases
from services.demo.story import Story, tell

SEEDS = (1, 2, 20211122)


@pytest.fixture(scope="module", params=SEEDS)
def told(request) -> tuple[int, Cohort, Story]:
    whole = cohort(request.param)
    return request.param, whole, tell(whole, request.param)


def test_a_seed_tells_the_same_story_again():
    assert tell(cohort(5), 5) == tell(cohort(5), 5)
    assert tell(cohort(5), 5) != tell(cohort(5), 6)


def test_no_application_has_two_destinies_and_111_are_interviewed(told):
    _, _, story = told
    befallen = [*story.returns, *story.rejections, *story.withdrawals, *story.missed_once, *story.missed_for_good]
    assert len(befallen) == len(set(befallen)) == 14
    assert len(story.interviewed) == 111


def test_the_draft_is_flawless_in_time_and_of_nobody_who_appears_otherwise(told):
    seed, whole, story = told
    others = [*whole.applications, *(case.application for case in refused_cases(whole, seed))]
    assert story.draft.posted_at < DEADLINE
    for section, field in (("student", "identity_number"), ("student", "name"), ("firm", "credit_code")):
        assert story.draft.body[section][field] not in {one.body[section][field] for one in others}
    assert story.draft.platform_no not in {one.platform_no for one in others}
    assert {scan.flaw for scan in story.draft.scans} == {""}


def test_each_return_names_its_defects_and_the_correction_is_the_flawless_application(told):
    _, whole, story = told
    flawless = {one.platform_no: one for one in whole.applications}
    posted = {one.platform_no: one for one in story.applications}
    assert list(posted) == list(flawless)
    changed = {
        number
        for number, one in posted.items()
        if (one.body, one.scans) != (flawless[number].body, flawless[number].scans)
    }
    assert changed == set(story.returns)
    for number, given in story.returns.items():
        assert all(item and reason for item, reason in given.defects)
        if given.corrected is not None:
            assert (given.corrected.body, given.corrected.scans) == (flawless[number].body, flawless[number].scans)
            assert given.corrected.key not in {one.key for one in story.applications}
    assert [given.corrected is None for given in story.returns.values()].count(True) == 1


def test_what_is_sent_again_is_what_was_posted_first(told):
    seed, whole, story = told
    posted = {one.platform_no: one for one in story.applications}
    for case in refused_cases(whole, seed):
        if case.code == "repeated_request":
            assert posted[case.application.platform_no] == case.application


def test_every_sheet_keeps_to_the_points_of_the_programme(told):
    seed, _, story = told
    scoring = programme()["scoring"]
    for given in marks(story.applications, story.interviewed, seed).values():
        assert 0 <= given.firm_points <= scoring["firm_points"]
        assert 0 <= given.materials_points <= scoring["materials_points"]
        assert len(given.sheets) == 5
        for sheet in given.sheets:
            assert set(sheet) == set(scoring["interview_items"])
            assert all(0 <= points <= scoring["interview_items"][item] for item, points in sheet.items())


def test_ranks_50_and_51_tie_in_total_and_interview_and_differ_in_tier(told):
    seed, _, story = told
    given = marks(story.applications, story.interviewed, seed)
    tiers = {one.platform_no: one.body["firm"]["tier"] for one in story.applications}
    ranked = sorted(story.interviewed, key=lambda number: (-given[number].total, -given[number].interview))
    last, next_one = ranked[49], ranked[50]
    assert (given[last].total, given[last].interview) == (given[next_one].total, given[next_one].interview)
    assert tiers[last] != tiers[next_one]


def test_a_small_cohort_gets_marks_without_a_tie():
    few = cohort(1).applications[:10]
    assert len(marks(few, [one.platform_no for one in few], 1)) == 10


def test_in_the_course_one_drops_out_two_miss_lessons_one_fails_and_one_passes_the_second_time():
    for seed in SEEDS:
        year = destinies(seed)
        assert Counter(destiny.results for destiny in year) == {(True,): 47, (): 1, (False, False): 1, (False, True): 1}
        assert sum(any(not absence.made_up for absence in destiny.absences) for destiny in year) == 2
        assert sum(bool(destiny.absences) for destiny in year) == 4
        assert year.count(Destiny()) == 43
        assert year == destinies(seed)
