"""Warnings for the reviewer; none of them refuses an application. Called by pages/cases.py.

Sources: domain.md section 2. The inner check digit is that of GB 11714, part of the code of a registered firm.
"""

import re
from datetime import date

from stdnum import numdb

from shared.foundation.errors import Message

YOUNGEST, OLDEST = 18, 80
_FIRM = "91"
_INNER_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def case_warnings(*, born_on: date, filed_on: date, credit_code: str) -> list[Message]:
    """Return the warnings about data that every reviewer sees on the case."""
    found = []
    age = filed_on.year - born_on.year - ((filed_on.month, filed_on.day) < (born_on.month, born_on.day))
    if not YOUNGEST <= age <= OLDEST:
        values = {"age": age, "youngest": YOUNGEST, "oldest": OLDEST}
        found.append(Message("学员报名时 {age} 岁，不在 {youngest} 至 {oldest} 岁之间，请核实。", values))
    if not credit_code.startswith(_FIRM):
        found.append(Message("统一社会信用代码不以 91 开头，登记的可能不是企业，请对照营业执照核实。"))
    if _inner_check_digit(credit_code) != credit_code[16]:
        found.append(Message("统一社会信用代码中的组织机构代码（第 9 至 17 位）校验位不符，请对照营业执照核实。"))
    return found


def identity_warnings(number: str) -> list[Message]:
    """Return the warnings about a full ID number: a resident ID with an unknown area code. For authorised readers
    only."""
    if not re.fullmatch(r"[1-8]\d{16}[\dXx]", number):
        return []
    places = numdb.get("cn/loc").info(number[:6])
    if any("county" in place for _digits, place in places) or number[2:6] == "0000":
        return []
    return [Message("身份证号码的前六位不是已知的行政区划代码，请对照证件核实。")]


def _inner_check_digit(credit_code: str) -> str:
    total = sum(weight * _ALPHABET.index(sign) for weight, sign in zip(_INNER_WEIGHTS, credit_code[8:16], strict=True))
    return "0123456789X"[-total % 11]
