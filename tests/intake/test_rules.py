"""Intake's pure rules: numbers of people and firms, the window, and what makes two requests the same."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.demo.cohort import cohort
from services.demo.identifiers import credit_code, identity_number, mobile_number
from services.demo.programme import programme
from services.intake.rules.applications import check_application, check_window, fingerprint
from services.intake.rules.identifiers import check_credit_code, check_identity, is_email, mobile_e164, normalised
from services.intake.schemas import ApplicationIn
from shared.events.intake import Programme
from shared.foundation.errors import Conflict

TODAY = date(2021, 11, 23)
NOW = datetime(2021, 11, 23, 2, tzinfo=UTC)
PROGRAMME = Programme.model_validate(programme())
PREFIXES = st.sampled_from(["500103", "510202", "500224", "110101", "810000", "830000"])
BIRTHDAYS = st.dates(date(1941, 12, 1), date(2003, 11, 1))


@st.composite
def residents(draw):
    """A valid number, and what must be declared beside it."""
    born, sequence = draw(BIRTHDAYS), draw(st.integers(1, 999))
    return identity_number(draw(PREFIXES), born, sequence), born, "male" if sequence % 2 else "female"


def field_errors_of(number, born, gender, kind="resident_id"):
    return [fault.code for fault in check_identity(kind, number, born_on=born, gender=gender, today=TODAY)]


def resident(born, *, prefix="500103"):
    return field_errors_of(identity_number(prefix, born, 1), born, "male")


@given(residents())
def test_a_valid_number_with_its_own_birthday_and_gender_is_taken(person):
    assert field_errors_of(*person) == []


@given(residents(), st.integers(0, 17), st.sampled_from("0123456789X"))
def test_every_single_changed_character_of_an_id_number_is_noticed(person, place, sign):
    number, born, gender = person
    assume(sign != number[place])
    assert field_errors_of(number[:place] + sign + number[place + 1 :], born, gender) != []


@given(residents(), st.integers(0, 16))
def test_two_swapped_neighbours_of_an_id_number_are_noticed(person, place):
    number, born, gender = person
    assume(number[place] != number[place + 1])
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    assert field_errors_of(swapped, born, gender) != []


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
def test_a_number_that_cannot_be_is_told_apart_by_its_fault(number, code):
    assert field_errors_of(number, date(1978, 3, 12), "male") == [code]


def test_a_birthday_that_no_calendar_has_is_refused():
    body = "50010319780230301"
    assert [field_errors_of(body + check, date(1978, 3, 2), "male") for check in "0123456789X"].count(
        ["resident-id-date"]
    ) == 1


def test_age_is_counted_from_the_birthday_itself():
    assert resident(date(2005, 11, 23)) == []
    assert resident(date(2005, 11, 24)) == ["age"]
    assert resident(date(1920, 11, 24)) == []
    assert resident(date(1920, 11, 23)) == ["age"]
    assert resident(date(2099, 1, 1)) == ["age"]


def test_birthday_and_gender_must_agree_with_the_number():
    number = identity_number("500103", date(1978, 3, 12), 301)
    assert field_errors_of(number, date(1978, 3, 13), "female") == ["born-on", "gender"]


def test_abandoned_and_overseas_area_codes_are_taken():
    assert [resident(date(1965, 1, 1), prefix=prefix) for prefix in ("510202", "500234", "820000")] == [[], [], []]


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
def test_other_documents_are_checked_as_far_as_their_form_goes(kind, number, codes):
    assert field_errors_of(number, date(1981, 8, 3), "male", kind) == codes


@given(residents())
def test_a_number_typed_in_full_width_with_blanks_and_small_letters_is_the_same_number(person):
    number = person[0]
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in number.lower())
    assert {normalised(wide), normalised(f" {number[:6]}-{number[6:14]}\u3000{number[14:].lower()} ")} == {number}


CREDIT_CODES = st.builds(credit_code, st.sampled_from(["500000", "500103", "110108"]), st.integers(0, 9999))
CREDIT_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


@given(CREDIT_CODES)
def test_a_valid_credit_code_is_taken(code):
    assert check_credit_code(code) == []


@given(CREDIT_CODES, st.integers(0, 17), st.sampled_from(CREDIT_SIGNS))
def test_every_single_changed_character_of_a_credit_code_is_noticed(code, place, sign):
    assume(sign != code[place])
    changed = code[:place] + sign + code[place + 1 :]
    assert [fault.code for fault in check_credit_code(changed)] == ["credit-code"]


@pytest.mark.parametrize(
    ("code", "told"),
    [("500103781234567", "old-tax-number"), ("9150000", "credit-code"), ("9150000IMAXX000001", "credit-code")],
)
def test_what_is_no_credit_code_says_so_at_its_field(code, told):
    [fault] = check_credit_code(code, field="/invoice/tax_number")
    assert (fault.field, fault.code) == ("/invoice/tax_number", told)


@given(st.sampled_from(["138", "139", "152", "186", "199"]), st.integers(0, 9999))
def test_a_mobile_number_is_one_number_however_it_is_typed(prefix, serial):
    number = mobile_number(prefix, serial)
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in number)
    typed = [number, wide, f"+86 {number}", f"0086{number}", f"{number[:3]} {number[3:7]}-{number[7:]}"]
    assert {mobile_e164(text) for text in typed} == {f"+86{number}"}


@pytest.mark.parametrize("text", ["023-67001234", "4008001234", "12345", "14100001234", "+1 202 555 0143", "电话", ""])
def test_landlines_service_numbers_and_foreign_ones_are_no_mobile(text):
    assert mobile_e164(text) is None


def test_an_address_can_be_written_to_or_not():
    assert [is_email(text) for text in ("li@firm.cn", "a.b@c.d.cn")] == [True, True]
    assert [is_email(text) for text in ("li", "li@firm", "li@@firm.cn", "l i@firm.cn", "@firm.cn")] == [False] * 5


def window_of(now):
    try:
        check_window(PROGRAMME, now)
    except Conflict as refusal:
        return refusal.code
    return "open"


def test_the_window_holds_its_first_moment_and_not_its_last():
    moment = timedelta(microseconds=1)
    edges = (PROGRAMME.opens_at - moment, PROGRAMME.opens_at, PROGRAMME.closes_at - moment, PROGRAMME.closes_at)
    assert [window_of(edge) for edge in edges] == ["not-open", "open", "open", "closed"]


def request(**changes):
    ids = {kind: f"00000000-0000-4000-8000-00000000000{n}" for n, kind in enumerate(("form", "licence", "identity"))}
    return cohort(1).applications[0].request(ids) | changes


def fault_codes(**changes):
    body = ApplicationIn.model_validate_json(json.dumps(request(**changes)))
    return [(fault.field, fault.code) for fault in check_application(body, PROGRAMME, now=NOW)]


def test_a_complete_application_has_no_fault():
    assert fault_codes() == []


def test_each_missing_doubled_unknown_or_unstamped_scan_is_named():
    form, licence, identity = request()["scans"]
    assert fault_codes(scans=[form, licence]) == [("/scans", "scan-identity")]
    assert fault_codes(scans=[form, form, licence, identity]) == [("/scans", "scan-form")]
    assert fault_codes(scans=[form, licence, identity, identity | {"kind": "photo"}]) == [
        ("/scans/3/kind", "scan-kind")
    ]
    assert fault_codes(scans=[form, licence | {"stamped": False}, identity]) == [("/scans/1/stamped", "scan-unstamped")]


def test_each_missing_consent_and_an_unknown_unit_are_named():
    consents = request()["consents"]
    assert fault_codes(consents=consents[1:]) == [("/consents", f"consent-{consents[0]['kind']}")]
    assert fault_codes(unit_code="500999") == [("/unit_code", "unit")]


@pytest.mark.parametrize("amount", ["-1", "1.001", "NaN", "Infinity", "viel", "1e3.5"])
def test_a_figure_that_is_no_amount_of_money_is_named_by_its_year(amount):
    firm = request()["firm"]
    assert fault_codes(firm=firm | {"revenue": [firm["revenue"][0], amount, firm["revenue"][2]]}) == [
        ("/firm/revenue/1", "amount")
    ]


def test_a_request_is_the_same_request_in_any_order_and_spacing():
    given = request()
    shuffled = dict(reversed(given.items()))
    texts = [json.dumps(given), json.dumps(shuffled, indent=4, ensure_ascii=False)]
    prints = {fingerprint(ApplicationIn.model_validate_json(text), draft=False) for text in texts}
    assert len(prints) == 1


@pytest.mark.parametrize("change", [{"recommendation": "pending"}, {"platform_no": "P-2"}, {"past_participant": True}])
def test_any_other_content_and_the_draft_are_another_request(change):
    given = ApplicationIn.model_validate(request() | {"recommendation": "recommended"})
    changed = given.model_copy(update=change)
    prints = {fingerprint(given, draft=False), fingerprint(changed, draft=False), fingerprint(given, draft=True)}
    assert len(prints) == 3
