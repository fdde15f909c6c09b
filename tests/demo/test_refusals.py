"""Each request that must be refused is a flawless one but for the fault that it is named after."""

import json
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError
from stdnum.cn import uscc

from services.demo.cohort import Cohort, cohort
from services.demo.refusals import RefusedCase, refused_cases
from services.intake.schemas import ApplicationIn

CODES = [
    "past_participant",
    "past_participant",
    "no_consent",
    "wrong_identity_check_digit",
    "wrong_credit_code_check_digit",
    "missing_scan",
    "disguised_scan",
    "disguised_scan",
    "too_large_scan",
    "same_person_twice",
    "repeated_request",
    "same_key_other_body",
    "after_deadline",
]


@pytest.fixture(scope="module", params=(1, 2, 20211122))
def invented(request) -> tuple[Cohort, dict[str, RefusedCase]]:
    whole = cohort(request.param)
    return whole, {case.code: case for case in reversed(refused_cases(whole, request.param))}


def checks(number: str) -> bool:
    values = [10 if sign == "X" else int(sign) for sign in number]
    return sum(value * 2 ** (17 - place) for place, value in enumerate(values)) % 11 == 1


def test_every_refusal_of_the_journey_has_its_case():
    assert [case.code for case in refused_cases(cohort(1), 1)] == CODES


def test_a_seed_gives_the_same_refusals_again():
    assert refused_cases(cohort(3), 3) == refused_cases(cohort(3), 3)


def test_every_case_has_the_shape_that_intake_takes(invented):
    for case in invented[1].values():
        ids = {scan.kind: "00000000-0000-4000-8000-000000000000" for scan in case.application.scans}
        ApplicationIn.model_validate_json(json.dumps(case.application.request(ids)))


def test_an_unknown_field_would_not_have_passed_the_shape(invented):
    body = invented[1]["no_consent"].application.request(dict.fromkeys(("form", "licence", "identity"), "x"))
    with pytest.raises(ValidationError):
        ApplicationIn.model_validate_json(json.dumps(body | {"shoe_size": 42}))


def test_only_the_cases_of_check_digits_have_wrong_ones(invented):
    for code, case in invented[1].items():
        body = case.application.body
        assert checks(body["student"]["identity_number"].upper()) == (code != "wrong_identity_check_digit")
        assert uscc.is_valid(body["firm"]["credit_code"]) == (code != "wrong_credit_code_check_digit")


def test_the_past_participant_says_no_but_stands_in_the_table(invented):
    whole, cases = invented
    body = cases["past_participant"].application.body
    assert body["past_participant"] is False
    assert body["student"]["identity_number"].upper() == whole.past_participants[0][1]


def test_scans_are_missing_disguised_or_too_large(invented):
    cases = invented[1]
    assert [scan.kind for scan in cases["missing_scan"].application.scans] == ["form", "licence"]
    disguised = cases["disguised_scan"].application.scans[0]
    assert (disguised.media_type, disguised.content()[:2]) == ("application/pdf", b"MZ")
    large = cases["too_large_scan"].application.scans[0].content()
    assert (large[:5], len(large)) == (b"%PDF-", 11 * 1024 * 1024)


def test_the_same_person_comes_again_with_another_number_and_another_firm(invented):
    whole, cases = invented
    first, again = whole.applications[0].body, cases["same_person_twice"].application.body
    assert first["student"]["identity_number"] == again["student"]["identity_number"]
    assert (first["platform_no"], first["firm"]) != (again["platform_no"], again["firm"])


def test_a_repeated_request_is_the_same_and_the_other_shares_only_the_key(invented):
    whole, cases = invented
    by_number = {one.platform_no: one for one in whole.applications}
    repeated, other = cases["repeated_request"], cases["same_key_other_body"]
    assert repeated.repeats is not None
    assert other.repeats is not None
    assert by_number[repeated.repeats] == repeated.application
    original = by_number[other.repeats]
    assert (original.key, original.body == other.application.body) == (other.application.key, False)


def test_the_late_one_comes_five_seconds_after_midnight(invented):
    assert invented[1]["after_deadline"].application.posted_at == datetime(2021, 12, 1, 16, 0, 5, tzinfo=UTC)


def test_no_case_takes_a_number_key_or_firm_of_the_cohort_unless_it_repeats(invented):
    whole, cases = invented
    fresh = [case.application for case in cases.values() if case.repeats is None]
    assert not {one.key for one in fresh} & {one.key for one in whole.applications}
    taken = {one.body["firm"]["credit_code"] for one in whole.applications}
    assert not {one.body["firm"]["credit_code"] for one in fresh} & taken
