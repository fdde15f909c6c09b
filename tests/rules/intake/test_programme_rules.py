"""Validation of programmes and their revisions: pure functions."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.demo.programme import programme
from services.intake.rules.programmes import Progress, check_programme, check_revision
from shared.events.intake import Programme
from shared.foundation.errors import Conflict, Invalid

REFERENCE = Programme.model_validate(programme())
BEFORE, OPEN = REFERENCE.opens_at - timedelta(seconds=1), REFERENCE.opens_at


def field_errors_of(**changes):
    """Return (field, code) of each error of the reference programme with these changes."""
    try:
        check_programme(Programme.model_validate(programme() | changes))
    except Invalid as refusal:
        return [(error.field, error.code) for error in refusal.field_errors]
    return []


def plan_errors(**changes):
    return field_errors_of(plan=programme()["plan"] | changes)


def scoring_errors(**changes):
    return field_errors_of(scoring=programme()["scoring"] | changes)


def fees(**amounts):
    return [line | {"amount_fen": amounts.get(line["code"], line["amount_fen"])} for line in programme()["fee_lines"]]


def test_the_reference_programme_is_valid():
    assert field_errors_of() == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"closes_at": "2021-11-21T16:00:00Z"}, ("/closes_at", "window")),
        ({"opens_at": "0001-01-01T00:00:00Z"}, ("/opens_at", "date")),
        ({"report_at": "9999-12-31T23:59:59Z"}, ("/report_at", "date")),
        ({"plan": programme()["plan"] | {"last_day": "9999-12-31"}}, ("/plan/last_day", "date")),
        ({"pay_by": "2021-12-01T16:00:00Z"}, ("/pay_by", "pay-by")),
        ({"pay_by": "2021-12-08T16:00:00Z", "publicity_days": 7}, ("/pay_by", "pay-by")),
        ({"pay_by": "2021-12-24T01:00:01Z"}, ("/pay_by", "pay-by-report")),
        ({"report_at": "2022-12-24T16:00:00Z"}, ("/report_at", "report")),
        ({"code": "../keys"}, ("/code", "code")),
        ({"letter_code": ""}, ("/letter_code", "letter-code")),
        ({"letter_code": "渝领〔2021〕"}, ("/letter_code", "letter-code")),
        ({"quota": 0}, ("/quota", "quota")),
        ({"max_per_firm": 0}, ("/max_per_firm", "max-per-firm")),
        ({"promotion_pay_days": 0}, ("/promotion_pay_days", "promotion-pay-days")),
        ({"waiting_list_places": -1}, ("/waiting_list_places", "waiting-list-places")),
        ({"publicity_days": -1}, ("/publicity_days", "publicity-days")),
        ({"units": programme()["units"] * 2}, ("/units", "units")),
        ({"required_scans": programme()["required_scans"] * 2}, ("/required_scans", "required-scans")),
        ({"fee_lines": fees()[:2]}, ("/fee_lines", "fee-lines")),
        ({"fee_lines": fees(central=-1)}, ("/fee_lines", "fee-negative")),
        ({"fee_lines": fees(self=0)}, ("/fee_lines", "fee-self")),
    ],
)
def test_an_invalid_value_is_reported_with_its_field(changes, expected):
    assert expected in field_errors_of(**changes)


@pytest.mark.parametrize("name", ["opens_at", "closes_at", "pay_by", "report_at"])
def test_a_time_without_time_zone_is_refused(name):
    assert field_errors_of(**{name: "2021-12-02T00:00:00"}) == [(f"/{name}", "time-zone")]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"interview_items": {"strategy": 99}, "item_titles": {"strategy": "战略"}}, ("/scoring", "scoring")),
        ({"firm_points": 31}, ("/scoring", "scoring-parts")),
        ({"firm_points": -10, "interview_points": 90}, ("/scoring", "scoring-negative")),
        ({"item_titles": {}}, ("/scoring/item_titles", "item-titles")),
    ],
)
def test_a_scoring_rule_that_does_not_add_up_is_refused(changes, expected):
    assert scoring_errors(**changes) == [expected]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"module_days": [3]}, ("/plan/module_days", "module-days")),
        ({"module_days": []}, ("/plan/module_days", "module-days")),
        ({"module_days": [0, 2]}, ("/plan/module_days", "module-days")),
        ({"days": 1}, ("/plan/hours", "hours")),
        ({"hours_per_day": 7}, ("/plan/hours", "hours")),
        ({"hours_per_day": 0}, ("/plan/hours_per_day", "hours-per-day")),
        ({"hours_per_day": 25}, ("/plan/hours_per_day", "hours-per-day")),
        ({"practice_percent": 101}, ("/plan/practice_percent", "percent")),
        ({"practice_percent": -1}, ("/plan/practice_percent", "percent")),
        ({"mentor_percent": 150}, ("/plan/mentor_percent", "percent")),
        ({"tolerance_points": 51}, ("/plan/tolerance_points", "tolerance")),
        ({"first_day": "2022-12-25"}, ("/plan/last_day", "plan-window")),
        ({"min_gap_days": 63}, ("/plan/max_gap_days", "gap")),
        ({"min_gap_days": 0}, ("/plan/max_gap_days", "gap")),
        ({"min_regions": 0}, ("/plan/min_regions", "regions")),
        ({"min_regions": 9}, ("/plan/min_regions", "regions")),
        ({"last_day": "2022-04-30"}, ("/plan/last_day", "plan-too-short")),
    ],
)
def test_an_infeasible_plan_is_refused(changes, expected):
    assert expected in plan_errors(**changes)


def test_a_plan_that_exactly_fits_is_accepted():
    # Six modules: five gaps of 28 days plus the last module's two days make 142 days from 25 December.
    assert plan_errors(last_day="2022-05-15") == []
    assert plan_errors(last_day="2022-05-14") == [("/plan/last_day", "plan-too-short")]


@given(st.integers(1, 40), st.sets(st.integers(1, 5), min_size=1, max_size=3))
def test_exactly_the_feasible_totals_of_days_are_accepted(days, lengths):
    sums = {0}
    for _ in range(days):
        sums |= {total + length for total in sums for length in lengths if total + length <= days}
    errors = plan_errors(days=days, module_days=sorted(lengths), hours=1, min_regions=1, min_gap_days=1)
    assert (("/plan/module_days", "module-days") in errors) == (days not in sums)


def test_all_errors_are_reported_at_once_and_the_first_in_the_message():
    with pytest.raises(Invalid, match="项目设置有 2 处需要更正。名额至少为 1。") as refusal:
        check_programme(Programme.model_validate(programme() | {"quota": 0, "fee_lines": fees(central=-1)}))
    assert len(refusal.value.field_errors) == 2


def refusal_of(*, progress=Progress(), now=OPEN, old=REFERENCE, **changes):
    new = Programme.model_validate(programme() | {"version": old.version + 1} | changes)
    try:
        check_revision(old, new, progress=progress, now=now)
    except Conflict as refusal:
        return refusal.code
    return "allowed"


EXTENDED = {
    "closes_at": "2021-12-02T16:00:00Z",
    "pay_by": "2021-12-17T16:00:00Z",
    "report_at": "2021-12-24T02:00:00Z",
    "promotion_pay_days": 5,
    "publicity_days": 1,
}
SHORTENED = {
    "closes_at": "2021-12-01T15:59:59Z",
    "pay_by": "2021-12-15T16:00:00Z",
    "report_at": "2021-12-23T01:00:00Z",
    "promotion_pay_days": 3,
    "publicity_days": -1,
}
RUBRIC = programme()["scoring"]
SCORINGS = {
    "rubric": RUBRIC | {"interview_items": RUBRIC["interview_items"] | {"strategy": 25, "commitment": 15}},
    "weights": RUBRIC | {"firm_points": 20, "materials_points": 30},
    "trimming": RUBRIC | {"trim_from_panel_size": 7},
    "tie order": RUBRIC | {"tie_order": ["tier", "interview", "committee"]},
}


@pytest.mark.parametrize("name", sorted(EXTENDED))
def test_after_opening_deadlines_can_only_be_extended(name):
    assert refusal_of(**{name: EXTENDED[name]}) == "allowed"
    assert refusal_of(**{name: SHORTENED[name]}) == "programme-deadline"
    assert refusal_of(now=BEFORE, **{name: SHORTENED[name]}) == "allowed"


@pytest.mark.parametrize("name", ["opens_at", "units", "required_scans"])
def test_after_opening_units_scans_and_the_start_are_frozen(name):
    changes = {name: programme()[name][:1] if name != "opens_at" else "2021-11-22T16:00:00Z"}
    assert refusal_of(**changes) == "programme-frozen"
    assert refusal_of(now=BEFORE, **changes) == "allowed"


@pytest.mark.parametrize("part", sorted(SCORINGS))
def test_the_first_score_freezes_the_scoring_rule(part):
    assert refusal_of(scoring=SCORINGS[part]) == "allowed"
    assert refusal_of(scoring=SCORINGS[part], progress=Progress(scored=True)) == "programme-scoring"


@pytest.mark.parametrize("name", ["quota", "waiting_list_places"])
def test_the_ranking_freezes_the_quota(name):
    assert refusal_of(**{name: 60}, progress=Progress(scored=True)) == "allowed"
    assert refusal_of(**{name: 60}, progress=Progress(scored=True, ranked=True)) == "programme-quota"


def test_the_first_admission_freezes_the_fees():
    dearer = fees(self=2_600_000)
    assert refusal_of(fee_lines=dearer, progress=Progress(scored=True, ranked=True)) == "allowed"
    assert refusal_of(fee_lines=dearer, progress=Progress(True, True, True)) == "programme-fees"


def test_deadlines_can_be_extended_after_all_milestones():
    assert refusal_of(**EXTENDED, progress=Progress(True, True, True)) == "allowed"


@pytest.mark.parametrize("version", [1, 3, 0])
def test_a_revision_must_be_the_next_version(version):
    assert refusal_of(version=version) == "programme-version"
