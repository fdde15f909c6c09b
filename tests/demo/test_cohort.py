"""The generated cohort: all check digits are valid, all people are different, and units file as the notice requires."""

import json
import re
from collections import Counter
from datetime import UTC, date, datetime

import phonenumbers
import pytest
from stdnum.cn import uscc

from services.demo.cohort import DEADLINE, OPENING, Cohort, cohort
from services.demo.people import RARE_NAMES, SHARED_NAME
from services.demo.programme import filing_units
from services.intake.schemas import ApplicationIn

SEEDS = (1, 2, 20211122)


@pytest.fixture(scope="module", params=SEEDS)
def whole(request) -> Cohort:
    return cohort(request.param)


def test_a_seed_always_gives_the_same_cohort_and_another_seed_another():
    assert cohort(7) == cohort(7)
    assert cohort(7) != cohort(8)


def test_every_application_matches_the_schema_of_intake(whole):
    file_ids = dict.fromkeys(("form", "licence", "identity"), "00000000-0000-4000-8000-000000000000")
    for one in whole.applications:
        body = ApplicationIn.model_validate_json(json.dumps(one.request(file_ids)))
        assert {(scan.kind, scan.stamped) for scan in body.scans} == {(kind, True) for kind in file_ids}


def test_firms_file_from_all_41_units_and_exactly_three_districts_miss_their_quota(whole):
    recommended: dict[str, set[str]] = {unit["code"]: set() for unit in filing_units()}
    filing: dict[str, set[str]] = {unit["code"]: set() for unit in filing_units()}
    for body in (one.body for one in whole.applications):
        filing[body["unit_code"]].add(body["firm"]["credit_code"])
        if body["recommendation"] == "recommended":
            recommended[body["unit_code"]].add(body["firm"]["credit_code"])
    assert all(filing.values())
    assert {code for code, firms in filing.items() if len(firms) == 1} == {"500229", "500238"}
    short = {unit["code"] for unit in filing_units() if len(recommended[unit["code"]]) < unit["owed"]}
    assert short == {"500229", "500238", "500243"}


def test_118_applications_come_from_102_firms_of_which_16_have_two_applicants(whole):
    per_firm = Counter(one.body["firm"]["credit_code"] for one in whole.applications)
    assert (sum(per_firm.values()), len(per_firm), Counter(per_firm.values())[2]) == (118, 102, 16)
    assert max(per_firm.values()) == 2


def test_each_credit_code_and_each_name_identifies_one_firm(whole):
    firms = {json.dumps(one.body["firm"]) for one in whole.applications}
    assert len({json.loads(text)["name"] for text in firms}) == len(firms) == 102


def test_resident_ids_contain_birth_date_gender_and_the_mod_11_2_check_digit(whole):
    for student in (one.body["student"] for one in whole.applications):
        number = student["identity_number"].upper()
        values = [10 if sign == "X" else int(sign) for sign in number]
        # ISO 7064 MOD 11-2: the sum of the digits, each times its power of two, is 1 modulo 11.
        assert sum(value * 2 ** (17 - place) for place, value in enumerate(values)) % 11 == 1
        assert number[6:14] == student["born_on"].replace("-", "")
        assert (int(number[16]) % 2 == 1) == (student["gender"] == "male")


def test_applicants_are_28_to_60_years_old_when_the_window_closes(whole):
    for student in (one.body["student"] for one in whole.applications):
        born_on = date.fromisoformat(student["born_on"])
        age = 2021 - born_on.year - ((born_on.month, born_on.day) > (12, 1))
        assert 28 <= age <= 60


def test_no_person_number_or_key_occurs_twice(whole):
    bodies = [one.body for one in whole.applications]
    for values in (
        [body["student"]["identity_number"].upper() for body in bodies],
        [re.sub(r"\D", "", body["student"]["mobile"])[-11:] for body in bodies],
        [body["platform_no"] for body in bodies],
        [one.key for one in whole.applications],
    ):
        assert len(set(values)) == 118


def test_credit_codes_pass_both_check_digits(whole):
    for code in {one.body["firm"]["credit_code"] for one in whole.applications}:
        assert uscc.is_valid(code)
        body, inner = code[8:16], code[16]
        total = sum(int(sign, 36) * weight for sign, weight in zip(body, (3, 7, 9, 10, 5, 8, 4, 2), strict=True))
        assert (total + (10 if inner == "X" else int(inner))) % 11 == 0
        assert body.startswith("MAXX")


def test_mobile_numbers_are_of_type_mobile(whole):
    for one in whole.applications:
        number = phonenumbers.parse(one.body["student"]["mobile"], "CN")
        assert phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE


def test_rare_names_and_one_shared_name_always_occur(whole):
    names = Counter(one.body["student"]["name"] for one in whole.applications)
    assert {name: names[name] for name in RARE_NAMES} == dict.fromkeys(RARE_NAMES, 1)
    assert {name for name, count in names.items() if count > 1} == {SHARED_NAME}


def test_all_are_posted_in_order_within_the_window_the_last_30_seconds_before_its_end(whole):
    moments = [one.posted_at for one in whole.applications]
    assert moments == sorted(moments)
    assert moments[0] >= OPENING
    assert moments[-1] == datetime(2021, 12, 1, 15, 59, 30, tzinfo=UTC) < DEADLINE


def test_a_past_participant_matches_by_number_and_a_namesake_by_name_only(whole):
    (_, number, name, _), (_, other_number, other_name, _) = whole.past_participants
    assert (number, name) == (whole.strangers[0].identity_number, whole.strangers[0].name)
    bodies = [one.body["student"] for one in whole.applications]
    assert other_name in {student["name"] for student in bodies}
    assert not {number, other_number} & {student["identity_number"].upper() for student in bodies}


def test_amounts_of_three_years_are_yuan_with_two_decimals_and_fit_the_scale(whole):
    most = {"micro": 3_000_000, "small": 20_000_000, "medium": 400_000_000, "large": 10**12}
    for firm in (one.body["firm"] for one in whole.applications):
        assert all(re.fullmatch(r"\d+\.\d\d", amount) for amount in (*firm["revenue"], *firm["research"]))
        assert float(firm["revenue"][2]) < most[firm["scale"]]
        assert (firm["tier_year"] is None) == (firm["tier"] == "none")
