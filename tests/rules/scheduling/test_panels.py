"""Validation of panels and slots, without a database."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.demo.cohort import cohort
from services.demo.staff import panels
from services.scheduling.rules.interviews.panels import (
    HalfDay,
    JudgeEntry,
    check_panel,
    credit_code_is_valid,
    slot_times,
)
from shared.foundation.errors import Invalid

NOW = datetime(2021, 12, 3, 1, tzinfo=UTC)
MORNING = datetime(2021, 12, 6, 0, 30, tzinfo=UTC)
CODE = panels()[0].judges[0].employer_credit_code
OTHER = panels()[1].judges[0].employer_credit_code
JUDGE = JudgeEntry("judge01", "评一川", CODE)


@given(
    length=st.integers(min_value=5, max_value=180),
    halves=st.lists(
        st.tuples(st.integers(0, 20), st.integers(180, 400)), min_size=1, max_size=8, unique_by=lambda x: x[0]
    ),
)
def test_slots_never_overlap_keep_their_length_and_stay_in_their_half_day(length, halves):
    half_days = [
        HalfDay(MORNING + timedelta(hours=12 * at), MORNING + timedelta(hours=12 * at, minutes=minutes))
        for at, minutes in halves
    ]
    slots = slot_times(half_days, timedelta(minutes=length), known=[], now=NOW)
    assert {ends_at - starts_at for starts_at, ends_at in slots} == {timedelta(minutes=length)}
    assert [after for (_, ends_at), (after, _) in pairwise(slots) if after < ends_at] == []
    outside = [
        slot for slot in slots if not any(half.starts_at <= slot[0] and slot[1] <= half.ends_at for half in half_days)
    ]
    assert outside == []


@given(length=st.integers(min_value=5, max_value=180))
def test_cutting_the_same_half_day_twice_gives_nothing_new(length):
    half = [HalfDay(MORNING, MORNING + timedelta(hours=4))]
    once = slot_times(half, timedelta(minutes=length), known=[], now=NOW)
    assert slot_times(half, timedelta(minutes=length), known=once, now=NOW) == []


@pytest.mark.parametrize(
    ("half_days", "minutes", "words"),
    [
        ([HalfDay(MORNING, MORNING + timedelta(hours=4))], 4, "5 分钟"),
        ([], 30, "半天"),
        ([HalfDay(MORNING, MORNING + timedelta(minutes=20))], 30, "短于一场"),
        ([HalfDay(MORNING, MORNING + timedelta(hours=15))], 30, "14 小时"),
        ([HalfDay(NOW, NOW + timedelta(hours=4))], 30, "已经过去"),
    ],
)
def test_invalid_half_days_are_refused(half_days, minutes, words):
    with pytest.raises(Invalid, match=words):
        slot_times(half_days, timedelta(minutes=minutes), known=[], now=NOW)


def test_a_wrong_code_of_a_linked_firm_is_refused():
    wrong = OTHER[:-1] + ("0" if OTHER[-1] != "0" else "1")
    judges = [JudgeEntry("judge01", "评一川", CODE, (OTHER, wrong))]
    with pytest.raises(Invalid, match=f"关联企业统一社会信用代码 {wrong} 有误"):
        check_panel("第1组", room="301", link="https://a.cn", judges=judges, seated={})


def test_a_panel_reports_every_mistake_at_once():
    judges = [JUDGE, JUDGE, JudgeEntry("judge02", "评二泉", CODE[:-1] + "0")]
    with pytest.raises(Invalid) as refusal:
        check_panel("", room=" ", link="http://a.cn", judges=judges, seated={"judge01": "第2组"})
    assert [error.code for error in refusal.value.field_errors] == [
        "missing",
        "missing",
        "link",
        "judge-seated",
        "judge-seated",
        "credit-code",
        "judge-twice",
    ]
    with pytest.raises(Invalid, match="至少填写一位评委"):
        check_panel("第1组", room="301", link="https://a.cn", judges=[], seated={})


def test_demo_credit_codes_are_valid_and_a_changed_digit_is_not():
    codes = {application.body["firm"]["credit_code"] for application in cohort(1).applications}
    assert [code for code in codes if not credit_code_is_valid(code)] == []
    assert [
        code for code in codes if credit_code_is_valid(code[:8] + ("1" if code[8] != "1" else "2") + code[9:])
    ] == []
    assert credit_code_is_valid("91500000") is False
