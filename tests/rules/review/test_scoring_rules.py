"""Scoring rules: trimmed means, weights and limits, as properties."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.demo.programme import programme
from services.review.rules.scoring import check_desk_points, check_sheet, mean, trimmed_mean, weighted_interview
from shared.events.intake import Programme
from shared.foundation.errors import Invalid
from tests.review.sheets import ITEMS

RULE = Programme.model_validate(programme()).scoring
TOTALS = st.lists(st.integers(0, 10_000), min_size=1, max_size=15)


def rounded(exact: Fraction) -> int:
    return int(exact + Fraction(1, 2))


def test_five_sheets_lose_the_highest_and_the_lowest():
    assert trimmed_mean([9000, 8000, 7000, 8500, 8600], trim_from=5) == 8367
    assert trimmed_mean([9000, 9000, 7000, 7000, 8000], trim_from=5) == 8000


def test_four_sheets_are_averaged_whole():
    assert trimmed_mean([9000, 8000, 7000, 8500], trim_from=5) == 8125


def test_halves_are_rounded_away_from_zero():
    assert [mean([1, 2]), mean([2, 3]), weighted_interview(8125, RULE), weighted_interview(1, RULE)] == [2, 3, 4063, 1]


def test_two_sheets_are_never_trimmed_to_nothing():
    assert trimmed_mean([6000, 8000], trim_from=2) == 7000


@given(TOTALS, st.integers(3, 7))
def test_the_trimmed_mean_is_the_exact_mean_of_the_rest_rounded_half_up(totals, trim_from):
    kept = sorted(totals)[1:-1] if len(totals) >= trim_from else totals
    assert trimmed_mean(totals, trim_from=trim_from) == rounded(Fraction(sum(kept), len(kept)))


@given(st.permutations([9100, 8700, 8700, 6000, 7777]))
def test_the_order_of_the_sheets_does_not_matter(totals):
    assert trimmed_mean(totals, trim_from=5) == trimmed_mean(sorted(totals), trim_from=5)


@given(TOTALS)
def test_a_mean_lies_between_the_lowest_and_the_highest_sheet(totals):
    assert min(totals) <= trimmed_mean(totals, trim_from=5) <= max(totals)


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_a_better_interview_never_weighs_less(one, other):
    assert (weighted_interview(one, RULE) <= weighted_interview(other, RULE)) or one > other


@given(st.integers(0, 10_000))
def test_the_weighted_interview_stays_within_its_part(points):
    assert 0 <= weighted_interview(points, RULE) <= RULE.interview_points * 100


@pytest.mark.parametrize(("firm", "materials"), [(3001, 0), (-1, 0), (0, 2001), (0, -1)])
def test_desk_points_beyond_the_programmes_limits_are_refused(firm, materials):
    with pytest.raises(Invalid):
        check_desk_points(firm, materials, RULE)


def test_desk_points_at_their_limits_are_accepted():
    check_desk_points(0, 0, RULE)
    check_desk_points(3000, 2000, RULE)


@pytest.mark.parametrize(
    ("items", "error"),
    [
        ({**ITEMS, "strategy": 3001}, ("/strategy", "points")),
        ({**ITEMS, "learning": -1}, ("/learning", "points")),
        ({name: ITEMS[name] for name in ITEMS if name != "commitment"}, ("/commitment", "item-missing")),
        ({**ITEMS, "charm": 1}, ("/charm", "item-unknown")),
    ],
)
def test_a_sheet_that_does_not_match_the_rubric_names_the_field(items, error):
    with pytest.raises(Invalid) as refused:
        check_sheet(items, RULE)
    assert [(one.field, one.code) for one in refused.value.field_errors] == [error]
