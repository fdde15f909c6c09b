"""What a programme must be, and how it may be revised: pure decisions."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.demo.programme import programme
from services.intake.rules.programmes import Progress, check_programme, check_revision
from shared.events.intake import Programme
from shared.foundation.errors import Conflict, Invalid

GIVEN = Programme.model_validate(programme())
BEFORE, OPEN = GIVEN.opens_at - timedelta(seconds=1), GIVEN.opens_at


def field_errors_of(**changes):
    """Field -> code of what is wrong with the notice's programme, changed so."""
    try:
        check_programme(Programme.model_validate(programme() | changes))
    except Invalid as refusal:
        return [(fault.field, fault.code) for fault in refusal.faults]
    return []


def plan_faults(**changes):
    return field_errors_of(plan=programme()["plan"] | changes)


def scoring_faults(**changes):
    return field_errors_of(scoring=programme()["scoring"] | changes)


def fees(**amounts):
    return [line | {"amount_fen": amounts.get(line["code"], line["amount_fen"])} for line in programme()["fee_lines"]]


def test_the_programme_of_the_notice_contradicts_nothing():
    assert field_errors_of() == []


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"closes_at": "2021-11-21T16:00:00Z"}, ("/closes_at", "window")),
        ({"pay_by": "2021-12-01T16:00:00Z"}, ("/pay_by", "pay-by")),
        ({"pay_by": "2021-12-08T16:00:00Z", "publicity_days": 7}, ("/pay_by", "pay-by")),
        ({"pay_by": "2021-12-24T01:00:01Z"}, ("/pay_by", "pay-by-report")),
        ({"report_at": "2022-12-24T16:00:00Z"}, ("/report_at", "report")),
        ({"code": "../keys"}, ("/code", "code")),
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
def test_a_number_that_cannot_be_is_named_with_its_field(changes, fault):
    assert fault in field_errors_of(**changes)


@pytest.mark.parametrize("name", ["opens_at", "closes_at", "pay_by", "report_at"])
def test_a_time_without_its_zone_is_refused(name):
    assert field_errors_of(**{name: "2021-12-02T00:00:00"}) == [(f"/{name}", "time-zone")]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"interview_items": {"strategy": 99}, "item_titles": {"strategy": "战略"}}, ("/scoring", "scoring")),
        ({"firm_points": 31}, ("/scoring", "scoring-parts")),
        ({"firm_points": -10, "interview_points": 90}, ("/scoring", "scoring-negative")),
        ({"item_titles": {}}, ("/scoring/item_titles", "item-titles")),
    ],
)
def test_a_rubric_that_does_not_add_up_is_refused(changes, fault):
    assert scoring_faults(**changes) == [fault]


@pytest.mark.parametrize(
    ("changes", "fault"),
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
def test_a_plan_that_nobody_could_keep_is_refused(changes, fault):
    assert fault in plan_faults(**changes)


def test_a_plan_that_just_fits_is_taken():
    # Six modules, five gaps of 28 days, and the two days of the last: 142 days from 25 December.
    assert plan_faults(last_day="2022-05-15") == []
    assert plan_faults(last_day="2022-05-14") == [("/plan/last_day", "plan-too-short")]


@given(st.integers(1, 40), st.sets(st.integers(1, 5), min_size=1, max_size=3))
def test_exactly_the_totals_that_modules_can_make_are_taken(days, lengths):
    sums = {0}
    for _ in range(days):
        sums |= {total + length for total in sums for length in lengths if total + length <= days}
    found = plan_faults(days=days, module_days=sorted(lengths), hours=1, min_regions=1, min_gap_days=1)
    assert (("/plan/module_days", "module-days") in found) == (days not in sums)


def test_all_faults_are_told_at_once_and_the_first_in_the_sentence():
    with pytest.raises(Invalid, match="项目设置有 2 处需要更正。名额至少为 1。") as refusal:
        check_programme(Programme.model_validate(programme() | {"quota": 0, "fee_lines": fees(central=-1)}))
    assert len(refusal.value.faults) == 2


def refusal_of(*, progress=Progress(), now=OPEN, old=GIVEN, **changes):
    new = Programme.model_validate(programme() | {"version": old.version + 1} | changes)
    try:
        check_revision(old, new, progress=progress, now=now)
    except Conflict as refusal:
        return refusal.code
    return "allowed"


LATER = {
    "closes_at": "2021-12-02T16:00:00Z",
    "pay_by": "2021-12-17T16:00:00Z",
    "report_at": "2021-12-24T02:00:00Z",
    "promotion_pay_days": 5,
    "publicity_days": 1,
}
EARLIER = {
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


@pytest.mark.parametrize("name", sorted(LATER))
def test_once_open_a_deadline_only_lengthens(name):
    assert refusal_of(**{name: LATER[name]}) == "allowed"
    assert refusal_of(**{name: EARLIER[name]}) == "programme-deadline"
    assert refusal_of(now=BEFORE, **{name: EARLIER[name]}) == "allowed"


@pytest.mark.parametrize("name", ["opens_at", "units", "required_scans"])
def test_once_open_what_firms_go_by_stays(name):
    changes = {name: programme()[name][:1] if name != "opens_at" else "2021-11-22T16:00:00Z"}
    assert refusal_of(**changes) == "programme-frozen"
    assert refusal_of(now=BEFORE, **changes) == "allowed"


@pytest.mark.parametrize("part", sorted(SCORINGS))
def test_the_rubric_stays_from_the_first_score_on(part):
    assert refusal_of(scoring=SCORINGS[part]) == "allowed"
    assert refusal_of(scoring=SCORINGS[part], progress=Progress(scored=True)) == "programme-scoring"


@pytest.mark.parametrize("name", ["quota", "waiting_list_places"])
def test_the_quota_stays_from_the_ranking_on(name):
    assert refusal_of(**{name: 60}, progress=Progress(scored=True)) == "allowed"
    assert refusal_of(**{name: 60}, progress=Progress(scored=True, ranked=True)) == "programme-quota"


def test_fees_stay_from_the_first_admission_on():
    dearer = fees(self=2_600_000)
    assert refusal_of(fee_lines=dearer, progress=Progress(scored=True, ranked=True)) == "allowed"
    assert refusal_of(fee_lines=dearer, progress=Progress(True, True, True)) == "programme-fees"


def test_at_the_end_deadlines_may_still_lengthen():
    assert refusal_of(**LATER, progress=Progress(True, True, True)) == "allowed"


@pytest.mark.parametrize("version", [1, 3, 0])
def test_a_revision_is_the_next_version_and_no_other(version):
    assert refusal_of(version=version) == "programme-version"
