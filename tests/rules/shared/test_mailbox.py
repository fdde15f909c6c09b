"""E-mail addresses: exactly one mailbox that mail servers can reach."""

import json
from pathlib import Path

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st

from shared.foundation.mailbox import clean_mailbox
from shared.foundation.text import UnusableText

CASES = Path(__file__).parents[2] / "cases"


def refusal_of(text):
    with pytest.raises(UnusableText) as refused:
        clean_mailbox(text)
    return str(refused.value)


def test_the_given_addresses_are_refused_with_the_character_or_accepted_as_punycode():
    *refused, chinese_domain = json.loads((CASES / "emails.json").read_text())
    assert [refusal_of(text).partition("(")[2].partition(")")[0] for text in refused] == [
        "U+200B ZERO WIDTH SPACE",
        "U+200B ZERO WIDTH SPACE",
        "U+202A LEFT-TO-RIGHT EMBEDDING",
        "U+FF0C FULLWIDTH COMMA",
        "U+5F20 CJK UNIFIED IDEOGRAPH-5F20",
    ]
    assert clean_mailbox(chinese_domain) == "zhang@xn--fsqu00a.xn--fiqs8s"


@pytest.mark.parametrize(
    ("typed", "place"),
    [
        ("a,b@example.com", 2),
        ("a@example.com,b@example.com", 14),
        ("a@example.com;b@example.com", 14),
        ("a@example.com、b@example.com", 14),
        ("a b@example.com", 2),
        ("Zhang <zhang@example.com>", 6),
        ("a@b@example.com", 4),
        ("  a@@example.com", 5),
        ("zhang＠example.com", 6),
        ("zhang@example。com", 14),
        ("zhang@ｅxample.com", 7),
        ("zhang@exam\u200bple.com", 11),
        ('"a"@example.com', 1),
        ("a@example.com\r\nBcc: b@example.com", 14),
    ],
)
def test_what_is_not_one_mailbox_is_refused_at_the_place(typed, place):
    assert f"第 {place} 个字符" in refusal_of(typed)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "li",
        "li@firm",
        "@firm.cn",
        "li@",
        "a..b@firm.cn",
        ".a@firm.cn",
        "a@-firm.cn",
        "a@192.0.2.1",
        "a@firm.invalid",
    ],
)
def test_what_has_not_the_form_of_an_address_is_refused(typed):
    assert "电子邮箱格式不正确" in refusal_of(typed)


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        (" Li.Ming+1@Example.COM\n", "Li.Ming+1@example.com"),
        ("a_b-c@例子.com", "a_b-c@xn--fsqu00a.com"),
        ("x@नेपाल.com", "x@xn--l2bey1c2b.com"),
    ],
)
def test_an_address_is_kept_with_its_domain_in_ascii(typed, address):
    assert clean_mailbox(typed) == address


LOCAL_PARTS = st.text("abZ09!#$%&'*+-/=?^_`{|}~..", min_size=1, max_size=66)
DOMAINS = st.one_of(
    st.sampled_from(["example.com", "Example.COM", "x..com", "-x.com", "localhost", "例子.中国", f"{'a' * 64}.com"]),
    st.lists(st.text("ab1-", min_size=1, max_size=63), min_size=2, max_size=6).map(".".join),
)


@given(local=LOCAL_PARTS, domain=DOMAINS)
def test_an_address_is_accepted_exactly_when_the_library_accepts_it(local, domain):
    """The gate checks a domain once and the part before the @ itself; email-validator checks both together."""
    address = f"{local}@{domain}"
    try:
        expected = validate_email(address, check_deliverability=False, allow_smtputf8=False).ascii_email
    except EmailNotValidError:
        refusal_of(address)
    else:
        assert clean_mailbox(address) == expected
