"""Warnings for the reviewer; none of them refuses an application."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from services.demo.identifiers import identity_number
from services.demo.programme import CODE
from services.review.rules.warnings import case_warnings, identity_warnings
from services.review.states import CaseState
from shared.adapters.keyring import KeyRing
from tests.review.desk import as_staff, case_path
from tests.review.submissions import applications

FILED = date(2021, 11, 25)
REAL = "91330100799655058B"
SOUND: dict[str, Any] = {"born_on": date(1975, 5, 1), "filed_on": FILED, "credit_code": REAL}
INNER = "统一社会信用代码中的组织机构代码（第 9 至 17 位）校验位不符，请对照营业执照核实。"
NO_FIRM = "统一社会信用代码不以 91 开头，登记的可能不是企业，请对照营业执照核实。"


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """Use SQLite only; nothing here depends on the database."""
    return f"sqlite:///{tmp_path / 'test.db'}"


def warnings_of(**changes):
    return [str(warning) for warning in case_warnings(**SOUND | changes)]


@pytest.mark.parametrize(
    ("born_on", "age"),
    [(date(2003, 11, 26), 17), (date(2003, 11, 25), None), (date(1941, 11, 25), None), (date(1940, 11, 25), 81)],
)
def test_an_age_below_18_or_above_80_on_the_filing_day_gives_a_warning(born_on, age):
    assert warnings_of(born_on=born_on) == ([f"学员报名时 {age} 岁，不在 18 至 80 岁之间，请核实。"] if age else [])


@pytest.mark.parametrize(
    ("credit_code", "warnings"),
    [(REAL, []), ("9144030071526726XG", []), ("913301007996550580", []), ("52330100799655058B", [NO_FIRM])],
)
def test_a_credit_code_of_no_firm_gives_a_warning(credit_code, warnings):
    assert warnings_of(credit_code=credit_code) == warnings


@pytest.mark.parametrize("credit_code", ["91330100799655068B", "913301007996550X8B"])
def test_an_organisation_code_with_a_wrong_check_digit_gives_a_warning(credit_code):
    assert warnings_of(credit_code=credit_code) == [INNER]


@pytest.mark.parametrize("area", ["500103", "510202", "512221", "500110", "810000", "950702"])
def test_current_and_former_area_codes_are_known(area):
    assert identity_warnings(identity_number(area, date(1975, 5, 1), 971)) == []


def test_an_unknown_area_code_gives_a_warning_and_a_passport_none():
    [warning] = identity_warnings(identity_number("509999", date(1975, 5, 1), 971))
    assert str(warning) == "身份证号码的前六位不是已知的行政区划代码，请对照证件核实。"
    assert identity_warnings("E12345678") == []


def test_warnings_are_shown_and_do_not_stop_the_case_from_passing(review):
    reviewer = as_staff(review, "review01", "reviewer")
    keys = KeyRing(review.process.settings.keys_dir, purposes=("identity",))
    number = identity_number("509999", date(1975, 5, 1), 971)
    event = review.submitted(0)
    student = event.student.model_copy(update={"identity": keys.seal("identity", CODE, number, mask="5****1")})
    firm = event.firm.model_copy(update={"credit_code": "52330100799655058B"})
    review.handle(event.model_copy(update={"student": student, "firm": firm}))
    assert NO_FIRM in reviewer.get(case_path(0)).text
    shown = reviewer.post(case_path(0, "identity"), data={"reason": "与公安机关核验"}).text
    assert "不是已知的行政区划代码" in shown
    reviewer.cookies["lingjun_language"] = "en"
    assert "does not begin with 91" in reviewer.get(case_path(0)).text
    review.arrive(0)
    review.verify(0)
    assert review.case(0).state == CaseState.PASSED


def test_a_sound_application_shows_no_warning(review):
    review.arrive(0)
    assert applications()[0].body["firm"]["credit_code"].startswith("91")
    assert "请留意" not in as_staff(review, "review01", "reviewer").get(case_path(0)).text
