"""Refusals as texts with separate values: Chinese, English and copies."""

import copy
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from starlette_admin import i18n

from services.intake.errors import UnknownProgramme
from shared.foundation.errors import Conflict, FieldError, Invalid, Joined, Message
from shared.foundation.language import SHARED_CATALOGUES, load_catalogues, localize

STATES = {"present": Message("未开始"), "target": "未开始"}


@pytest.fixture
def english() -> Iterator[None]:
    load_catalogues(SHARED_CATALOGUES)
    i18n.set_locale("en")
    yield
    i18n.set_locale("zh")


def test_str_inserts_the_values_into_the_chinese_text() -> None:
    assert str(Conflict("当前状态为“{present}”,不能变为“{target}”。", values=STATES)) == (
        "当前状态为“未开始”,不能变为“未开始”。"
    )


@pytest.mark.usefixtures("english")
def test_messages_among_the_values_are_translated_and_plain_strings_are_not() -> None:
    text = localize(Conflict("当前状态为“{present}”,不能变为“{target}”。", values=STATES))
    assert text == "The present state is “Not begun”; it cannot become “未开始”."


@pytest.mark.usefixtures("english")
def test_joined_field_errors_are_translated_one_by_one() -> None:
    errors = [FieldError("/quota", "ge", "不能小于 {ge}", {"ge": 1}), FieldError("/name", "missing", "缺少此项,请补上")]
    refusal = Invalid("提交的内容不合要求。{faults}", field_errors=errors, values={"faults": Joined(errors, "；")})
    assert localize(refusal) == (
        "What was sent does not meet the requirements. must not be less than 1; missing; please add it"
    )
    assert str(refusal) == "提交的内容不合要求。不能小于 1；缺少此项,请补上"


def test_braces_in_a_value_or_in_a_text_without_values_stay_unchanged() -> None:
    assert str(Invalid("金额“{text}”无法识别", values={"text": "{0} {text}"})) == "金额“{0} {text}”无法识别"
    assert localize(FieldError("/x", "x", "不是 {json}")) == "不是 {json}"


def test_a_time_is_formatted_as_the_text_specifies() -> None:
    noon = datetime(2021, 12, 9, 12, 0, tzinfo=UTC)
    assert str(Message("公示期到 {ends:%Y年%m月%d日%H:%M} 结束", {"ends": noon})) == "公示期到 2021年12月09日12:00 结束"


def test_a_copy_of_a_refusal_is_equal() -> None:
    for refusal in (Conflict("还有 {count} 项", code="left", values={"count": 2}), UnknownProgramme("ZJTX-2021")):
        copied = copy.copy(refusal)
        assert (type(copied), str(copied), copied.code) == (type(refusal), str(refusal), refusal.code)
