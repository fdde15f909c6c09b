"""Each request that intake must reject is valid except for the defect in its code."""

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
def generated(request) -> tuple[Cohort, dict[str, RefusedCase]]:
    whole = cohort(request.param)
    return whole, {case.code: case for case in reversed(refused_cases(whole, request.param))}


def has_valid_check_digit(number: str) -> bool:
    values = [10 if sign == "X" else int(sign) for sign in number]
    return sum(value * 2 ** (17 - place) for place, value in enumerate(values)) % 11 == 1


def test_every_refusal_of_the_journey_has_a_case():
    assert [case.code for case in refused_cases(cohort(1), 1)] == CODES


def test_a_seed_gives_the_same_refusals_again():
    assert refused_cases(cohort(3), 3) == refused_cases(cohort(3), 3)


def test_every_case_matches_the_schema_of_intake(generated):
    for case in generated[1].values():
        ids = {scan.kind: "00000000-0000-4000-8000-000000000000" for scan in case.application.scans}
        ApplicationIn.model_validate_json(json.dumps(case.application.request(ids)))


def test_the_schema_rejects_an_unknown_field(generated):
    body = generated[1]["no_consent"].application.request(dict.fromkeys(("form", "licence", "identity"), "x"))
    with pytest.raises(ValidationError):
        ApplicationIn.model_validate_json(json.dumps(body | {"shoe_size": 42}))


def test_only_the_check_digit_cases_have_wrong_check_digits(generated):
    for code, case in generated[1].items():
        body = case.application.body
        assert has_valid_check_digit(body["student"]["identity_number"].upper()) == (
            code != "wrong_identity_check_digit"
        )
        assert uscc.is_valid(body["firm"]["credit_code"]) == (code != "wrong_credit_code_check_digit")


def test_the_past_participant_answers_no_but_is_in_the_table(generated):
    whole, cases = generated
    body = cases["past_participant"].application.body
    assert body["past_participant"] is False
    assert body["student"]["identity_number"].upper() == whole.past_participants[0][1]


def test_scans_are_missing_disguised_or_too_large(generated):
    cases = generated[1]
    assert [scan.kind for scan in cases["missing_scan"].application.scans] == ["form", "licence"]
    disguised = cases["disguised_scan"].application.scans[0]
    assert (disguised.media_type, disguised.content()[:2]) == ("application/pdf", b"MZ")
    large = cases["too_large_scan"].application.scans[0].content()
    assert (large[:5], len(large)) == (b"%PDF-", 11 * 1024 * 1024)


def test_the_same_person_files_again_with_another_number_and_firm(generated):
    whole, cases = generated
    first, again = whole.applications[0].body, cases["same_person_twice"].application.body
    assert first["student"]["identity_number"] == again["student"]["identity_number"]
    assert (first["platform_no"], first["firm"]) != (again["platform_no"], again["firm"])


def test_a_repeated_request_is_identical_and_the_conflicting_one_shares_only_the_key(generated):
    whole, cases = generated
    by_number = {one.platform_no: one for one in whole.applications}
    repeated, other = cases["repeated_request"], cases["same_key_other_body"]
    assert repeated.repeats is not None
    assert other.repeats is not None
    assert by_number[repeated.repeats] == repeated.application
    original = by_number[other.repeats]
    assert (original.key, original.body == other.application.body) == (other.application.key, False)


def test_the_late_request_is_posted_five_seconds_after_midnight(generated):
    assert generated[1]["after_deadline"].application.posted_at == datetime(2021, 12, 1, 16, 0, 5, tzinfo=UTC)


def test_only_repeats_share_a_key_or_firm_with_the_cohort(generated):
    whole, cases = generated
    others = [case.application for case in cases.values() if case.repeats is None]
    assert not {one.key for one in others} & {one.key for one in whole.applications}
    existing = {one.body["firm"]["credit_code"] for one in whole.applications}
    assert not {one.body["firm"]["credit_code"] for one in others} & existing
