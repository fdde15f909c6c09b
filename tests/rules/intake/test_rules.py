"""Intake's pure rules: identifiers of people and firms, the window, applications, canonical texts of requests."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.demo.cohort import cohort
from services.demo.identifiers import credit_code, identity_number, mobile_number
from services.demo.programme import programme
from services.intake.rules.applications import canonical, check_application, check_window
from services.intake.rules.identifiers import check_credit_code, check_identity, mobile_e164, modern_number
from services.intake.schemas import ApplicationIn, DraftIn
from shared.events.intake import Programme
from shared.foundation.errors import Conflict

TODAY = date(2021, 11, 23)
NOW = datetime(2021, 11, 23, 2, tzinfo=UTC)
PROGRAMME = Programme.model_validate(programme())
PREFIXES = st.sampled_from(["500103", "510202", "500224", "110101", "810000", "830000"])
BIRTHDAYS = st.dates(date(1941, 12, 1), date(2003, 11, 1))


@st.composite
def residents(draw):
    """Draw a valid ID number with its birth date and gender."""
    born, sequence = draw(BIRTHDAYS), draw(st.integers(1, 999))
    return identity_number(draw(PREFIXES), born, sequence), born, "male" if sequence % 2 else "female"


def identity_error_codes(number, born, gender, kind="resident_id"):
    return [error.code for error in check_identity(kind, number, born_on=born, gender=gender, today=TODAY)]


def identity_errors_at(born, *, prefix="500103"):
    return identity_error_codes(identity_number(prefix, born, 1), born, "male")


@given(residents())
def test_a_valid_id_number_with_matching_birth_date_and_gender_is_accepted(person):
    assert identity_error_codes(*person) == []


@given(residents(), st.integers(0, 17), st.sampled_from("0123456789X"))
def test_a_single_changed_character_of_an_id_number_is_detected(person, index, character):
    number, born, gender = person
    assume(character != number[index])
    assert identity_error_codes(number[:index] + character + number[index + 1 :], born, gender) != []


@given(residents(), st.integers(0, 16))
def test_two_swapped_characters_of_an_id_number_are_detected(person, index):
    number, born, gender = person
    assume(number[index] != number[index + 1])
    swapped = number[:index] + number[index + 1] + number[index] + number[index + 2 :]
    assert identity_error_codes(swapped, born, gender) != []


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("500103780312301", "resident-id-15"),
        ("50010319780312301", "resident-id-form"),
        ("50010319780312301A", "resident-id-form"),
        ("", "resident-id-form"),
        (identity_number("990103", date(1978, 3, 12), 301), "resident-id-area"),
        ("500103197803123013", "resident-id-check-digit"),
    ],
)
def test_an_invalid_id_number_is_reported_with_its_reason(number, code):
    assert identity_error_codes(number, date(1978, 3, 12), "male") == [code]


def test_an_impossible_birth_date_is_refused():
    body = "50010319780230301"
    assert [identity_error_codes(body + check, date(1978, 3, 2), "male") for check in "0123456789X"].count(
        ["resident-id-date"]
    ) == 1


def test_age_changes_on_the_birthday():
    assert identity_errors_at(date(2005, 11, 23)) == []
    assert identity_errors_at(date(2005, 11, 24)) == ["age"]
    assert identity_errors_at(date(1920, 11, 24)) == []
    assert identity_errors_at(date(1920, 11, 23)) == ["age"]
    assert identity_errors_at(date(2099, 1, 1)) == ["age"]


def test_birth_date_and_gender_must_match_the_id_number():
    number = identity_number("500103", date(1978, 3, 12), 301)
    assert identity_error_codes(number, date(1978, 3, 13), "female") == ["born-on", "gender"]


def test_abolished_and_overseas_area_codes_are_accepted():
    assert [identity_errors_at(date(1965, 1, 1), prefix=prefix) for prefix in ("510202", "500234", "820000")] == [
        [],
        [],
        [],
    ]


@pytest.mark.parametrize(
    ("kind", "number", "codes"),
    [
        ("foreign_permanent_resident", "ABC110000000000", []),
        ("foreign_permanent_resident", "911124198108030024", []),
        ("foreign_permanent_resident", "911124198108030025", ["permanent-resident"]),
        ("foreign_permanent_resident", "811124198108030024", ["permanent-resident"]),
        ("hk_mo_tw_permit", "H1234567800", []),
        ("passport", "E12345678", []),
        ("passport", "E1", ["document-number"]),
        ("passport", "E1234-678", ["document-number"]),
    ],
)
def test_other_documents_are_checked_by_their_format(kind, number, codes):
    assert identity_error_codes(number, date(1981, 8, 3), "male", kind) == codes


CREDIT_CODES = st.builds(credit_code, st.sampled_from(["500000", "500103", "110108"]), st.integers(0, 9999))
CREDIT_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


@given(CREDIT_CODES)
def test_a_valid_credit_code_is_accepted(code):
    assert check_credit_code(code) == []


@given(CREDIT_CODES, st.integers(0, 17), st.sampled_from(CREDIT_SIGNS))
def test_a_single_changed_character_of_a_credit_code_is_detected(code, index, character):
    assume(character != code[index])
    changed = code[:index] + character + code[index + 1 :]
    assert [error.code for error in check_credit_code(changed)] == ["credit-code"]


@pytest.mark.parametrize(
    ("code", "expected"),
    [("500103781234567", "old-tax-number"), ("9150000", "credit-code"), ("9150000IMAXX000001", "credit-code")],
)
def test_an_invalid_credit_code_is_reported_at_its_field(code, expected):
    [error] = check_credit_code(code, field="/invoice/tax_number")
    assert (error.field, error.code) == ("/invoice/tax_number", expected)


@given(st.sampled_from(["138", "139", "152", "186", "199"]), st.integers(0, 9999))
def test_a_mobile_number_has_one_normal_form(prefix, serial):
    number = mobile_number(prefix, serial)
    wide = "".join(chr(ord(character) + 0xFEE0) for character in number)
    typed = [number, wide, f"+86 {number}", f"0086{number}", f"{number[:3]} {number[3:7]}-{number[7:]}"]
    assert {mobile_e164(text) for text in typed} == {f"+86{number}"}


@pytest.mark.parametrize("text", ["023-67001234", "4008001234", "12345", "14100001234", "+1 202 555 0143", "电话", ""])
def test_landline_service_and_foreign_numbers_are_not_mobile_numbers(text):
    assert mobile_e164(text) is None


def window_of(now):
    try:
        check_window(PROGRAMME, now)
    except Conflict as refusal:
        return refusal.code
    return "open"


def test_the_window_includes_its_start_and_excludes_its_end():
    moment = timedelta(microseconds=1)
    edges = (PROGRAMME.opens_at - moment, PROGRAMME.opens_at, PROGRAMME.closes_at - moment, PROGRAMME.closes_at)
    assert [window_of(edge) for edge in edges] == ["not-open", "open", "open", "closed"]


def request(**changes):
    ids = {kind: f"00000000-0000-4000-8000-00000000000{n}" for n, kind in enumerate(("form", "licence", "identity"))}
    return cohort(1).applications[0].request(ids) | changes


def application_errors(**changes):
    body = ApplicationIn.model_validate_json(json.dumps(request(**changes)))
    return [(error.field, error.code) for error in check_application(body, PROGRAMME, now=NOW)]


def test_a_complete_application_has_no_errors():
    assert application_errors() == []


def test_missing_duplicate_unknown_and_unstamped_scans_are_reported():
    form, licence, identity = request()["scans"]
    assert application_errors(scans=[form, licence]) == [("/scans", "scan-identity")]
    assert application_errors(scans=[form, form, licence, identity]) == [("/scans", "scan-form")]
    assert application_errors(scans=[form, licence, identity, identity | {"kind": "photo"}]) == [
        ("/scans/3/kind", "scan-kind")
    ]
    assert application_errors(scans=[form, licence | {"stamped": False}, identity]) == [
        ("/scans/1/stamped", "scan-unstamped")
    ]


def test_a_missing_consent_and_an_unknown_unit_are_reported():
    consents = request()["consents"]
    assert application_errors(consents=consents[1:]) == [("/consents", f"consent-{consents[0]['kind']}")]
    assert application_errors(unit_code="500999") == [("/unit_code", "unit")]


@pytest.mark.parametrize("amount", ["-1", "1.001", "NaN", "Infinity", "viel", "1e3.5"])
def test_an_invalid_amount_is_reported_with_its_year(amount):
    firm = request()["firm"]
    assert application_errors(firm=firm | {"revenue": [firm["revenue"][0], amount, firm["revenue"][2]]}) == [
        ("/firm/revenue/1", "amount")
    ]


def test_key_order_and_spacing_do_not_change_the_canonical_text():
    original = request()
    shuffled = dict(reversed(original.items()))
    texts = [json.dumps(original), json.dumps(shuffled, indent=4, ensure_ascii=False)]
    assert len({canonical(ApplicationIn.model_validate_json(text)) for text in texts}) == 1
    assert len({canonical(DraftIn(json.loads(text))) for text in texts}) == 1


@pytest.mark.parametrize("change", [{"recommendation": "pending"}, {"platform_no": "P-2"}, {"past_participant": True}])
def test_other_content_or_draft_changes_the_canonical_text(change):
    original = ApplicationIn.model_validate(request() | {"recommendation": "recommended"})
    changed = original.model_copy(update=change)
    draft = DraftIn(original.model_dump(mode="json"))
    assert len({canonical(original), canonical(changed), canonical(draft)}) == 3


@pytest.mark.parametrize(
    ("part", "value", "error"),
    [
        ("founded_on", "2021-11-24", ("/firm/founded_on", "founded-on")),
        ("founded_on", "1899-12-31", ("/firm/founded_on", "founded-on")),
        ("tier_year", 2022, ("/firm/tier_year", "tier-year")),
    ],
)
def test_a_date_of_the_firm_that_cannot_be_is_reported(part, value, error):
    assert application_errors(firm=request()["firm"] | {part: value}) == [error]
    assert application_errors(firm=request()["firm"] | {"founded_on": "2021-11-23", "tier_year": 2021}) == []


@pytest.mark.parametrize(
    ("accepted_at", "version", "codes"),
    [
        ("2021-11-23T02:05:00Z", "2021-11-22", []),
        ("2021-11-23T02:05:01Z", "2021-11-22", ["consent-future"]),
        ("9999-12-31T23:59:59Z", "v1", ["consent-future"]),
        ("2021-11-22T00:00:00+08:00", "2021-11-22.2", []),
        ("2021-11-21T23:59:59+08:00", "2021-11-22.2", ["consent-early"]),
        ("1900-01-01T00:00:00+08:00", "v1", []),
        ("0001-01-01T00:00:00+08:00", "v1", ["consent-early"]),
        ("1899-12-31T12:00:00+08:00", "0001-01-01", ["consent-early"]),
    ],
)
def test_a_consent_is_neither_older_than_its_text_nor_from_the_future(accepted_at, version, codes):
    first, *others = request()["consents"]
    consents = [*others, first | {"accepted_at": accepted_at, "text_version": version}]
    assert application_errors(consents=consents) == [("/consents/2/accepted_at", code) for code in codes]


@pytest.mark.parametrize(
    ("kind", "number", "codes"),
    [
        ("passport", "500103197803123012", ["document-kind"]),
        ("passport", "500103780312301", ["document-kind"]),
        ("hk_mo_tw_permit", "500103197803123012", ["document-kind"]),
        ("hk_mo_tw_permit", "810000198108033977", ["resident-id-check-digit"]),
    ],
)
def test_a_number_of_a_resident_is_not_taken_as_another_document(kind, number, codes):
    assert identity_error_codes(number, date(1978, 3, 12), "male", kind) == codes


@pytest.mark.parametrize("born", [date(2021, 11, 24), date(2005, 11, 24), date(1920, 11, 23)])
def test_a_holder_of_a_passport_has_a_possible_age(born):
    assert identity_error_codes("E12345678", born, "male", "passport") == ["age"]


@given(residents())
def test_a_number_of_15_digits_gets_its_century_and_check_digit(person):
    number, born, _gender = person
    assert (modern_number(number[:6] + number[8:17]) == number) == (born.year < 2000)
    assert modern_number(number) == number


@pytest.mark.parametrize("name", ["岩", "王" * 100])
def test_a_name_has_1_to_100_characters(name):
    student = request()["student"]
    assert application_errors(student=student | {"name": name}) == []
    with pytest.raises(ValidationError):
        ApplicationIn.model_validate(request(student=student | {"name": name * 101}))
    with pytest.raises(ValidationError):
        ApplicationIn.model_validate(request(student=student | {"name": "\u200b"}))
