"""The portal's pure rules."""

import json
import re
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.portal.rules.access import check_an_administrator_remains, check_roles, safe_path
from services.portal.rules.masking import masked
from services.portal.rules.passwords import check_account, check_password, check_repeated
from services.portal.rules.sentences import SENTENCES, sentence, title_of
from shared.foundation.errors import Conflict, Invalid
from shared.wiring.registry import ROLES, Role


@pytest.mark.parametrize("password", ["Wind-Over-Water-9", "abcdefgh1234!", "领军领军领军领军aB领军", "A1" * 6 + "b"])
def test_a_password_of_twelve_characters_and_three_classes_is_accepted(password: str) -> None:
    check_password(password, account="zhao")


@pytest.mark.parametrize(
    ("password", "message"),
    [
        ("Short-1", "至少 12 个字符"),
        ("alllowercaseletters", "三类"),
        ("lowercase-only-here", "三类"),
        ("12345678901234567", "三类"),
        ("A1-" + "x" * 126, "不超过 128 个字符"),
        ("My-Zhao-Password-1", "不能包含账号"),
    ],
)
def test_a_weak_password_is_refused_with_the_reason(password: str, message: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check_password(password, account="zhao", field="new")
    assert message in str(refusal.value)
    assert [error.field for error in refusal.value.field_errors] == ["/new"]


def test_a_differing_repeated_password_is_refused() -> None:
    check_repeated("a", "a")
    with pytest.raises(Invalid):
        check_repeated("a", "b")


@pytest.mark.parametrize("account", ["", "a", "1a", "Zhao", "zh ao", "赵", "a" * 33, "zhao\n"])
def test_an_invalid_account_name_is_refused(account: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check_account(account, "")
    assert [error.field for error in refusal.value.field_errors] == ["/account", "/name"]
    check_account("zhao.wei-2", "赵伟")


def test_roles_are_ordered_and_unique() -> None:
    assert check_roles(["judge", "intake", "judge"]) == ("intake", "judge")


@pytest.mark.parametrize(
    ("roles", "message"),
    [
        ([], "至少选择一个角色"),
        (["king"], "没有这些角色"),
        (["administrator", "finance"], "系统管理员不兼任"),
        (["auditor", "judge"], "审计查阅不兼任"),
        (["finance", "finance_checker"], "不同的人"),
    ],
)
def test_invalid_combinations_of_roles_are_refused(roles: list[str], message: str) -> None:
    with pytest.raises(Invalid, match=message):
        check_roles(roles)


def test_the_last_administrator_cannot_be_removed() -> None:
    check_an_administrator_remains(1, was_administrator=True, stays_administrator=False)
    check_an_administrator_remains(0, was_administrator=False, stays_administrator=False)
    with pytest.raises(Conflict):
        check_an_administrator_remains(0, was_administrator=True, stays_administrator=False)


@pytest.mark.parametrize("path", ["//evil.example", "/\\evil.example", "https://evil.example", "", "x", "/a\r\nb"])
def test_a_path_to_another_host_is_replaced(path: str) -> None:
    assert safe_path(path) == "/"


@given(st.text())
def test_a_safe_path_is_always_local(path: str) -> None:
    assert re.match(r"/(?![/\\])", safe_path(path) + " ")


def test_masking_shows_masks_and_removes_birth_dates() -> None:
    sealed = {"sealed": "AAAA", "index": "ffff", "mask": "138****8000"}
    student = {"name": "杨致远", "born_on": "1980-01-01", "mobile": sealed}
    body = {"student": student, "list": [sealed], "account_number": "6217766750563543"}
    assert masked(body) == {
        "student": {"name": "杨致远", "mobile": "138****8000"},
        "list": ["138****8000"],
        "account_number": "****3543",
    }


_SEALED = {"sealed": "CIPHERTEXT", "index": "HASH", "mask": "138****8000"}
# Few names and leaves: masking depends on neither, and larger trees are slow to generate.
_trees: Any = st.recursive(
    st.sampled_from([None, 1, _SEALED]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "tax_number"]), inner),
    max_leaves=8,
)


@given(_trees)
def test_no_ciphertext_survives_masking(tree: Any) -> None:
    shown = json.dumps(masked(tree))
    assert "CIPHERTEXT" not in shown
    assert "HASH" not in shown


@pytest.mark.parametrize(
    ("kind", "body", "title", "text"),
    [
        (
            "intake.application_submitted.v1",
            {"firm": {"name": "重庆琮渟齿轮箱股份有限公司"}, "student": {"name": "杨致远"}, "application_no": "BM-1"},
            "提交报名",
            "重庆琮渟齿轮箱股份有限公司 推荐 杨致远，报名编号 BM-1",
        ),
        (
            "scheduling.interview_scheduled.v1",
            {"starts_at": "2021-12-06T01:00:00Z", "mode": "on_site", "place": "三楼会议室", "panel": "第一组"},
            "面试已安排",
            "2021-12-06 09:00，现场，三楼会议室，第一组",
        ),
        (
            "review.student_admitted.v1",
            {"promoted": False, "rank": 7, "letter_no": "渝企领〔2021〕7号", "pay_by": "2021-12-16T16:00:00Z"},
            "录取",
            "第 7 名，录取文号 渝企领〔2021〕7号，请在 2021-12-17 00:00 前缴费",
        ),
        ("billing.refund_sent.v1", {"amount_fen": 2500000}, "退费已汇出", "25,000.00 元"),
        (
            "billing.refund_closed.v1",
            {"closed_at": "2021-12-20T02:00:00Z"},
            "退费已办结",
            "2021-12-20 10:00 起无应退款项",
        ),
        ("billing.refund_closed.v1", {"closed_at": None}, "退费重新办理", ""),
        ("review.seat_released.v1", {"reason": "lapsed"}, "名额释放", "逾期未缴费"),
        ("review.applicant_not_selected.v1", {"rank": None}, "未入选", ""),
        (
            "scheduling.certificate_recorded.v1",
            {"certified": False, "hours": 120, "reasons": ["缺 8 课时"]},
            "未能结业",
            "累计 120 课时；缺 8 课时",
        ),
        ("future.thing_happened.v1", {}, "future.thing_happened.v1", ""),
    ],
)
def test_an_event_has_a_readable_sentence(kind: str, body: dict[str, Any], title: str, text: str) -> None:
    line = sentence(kind, body)
    assert (line.title, line.text.format(**line.values)) == (title, text)


def test_every_event_type_has_a_short_title() -> None:
    assert [title_of(kind) for kind in SENTENCES if re.search(r"[a-z]", title_of(kind))] == []


def test_every_role_has_a_title() -> None:
    assert list(ROLES) == list(get_args(Role))
