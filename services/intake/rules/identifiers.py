"""Normalise and validate identifiers of people and firms. Sources: domain.md section 2.

`python-stdnum`'s resident-ID tables reject genuine IDs of Chongqing adults, so this module checks the parts of a
resident ID itself. Its check digit (GB 11643) is ISO 7064 MOD 11-2.
"""

import re
import unicodedata
from datetime import date

import phonenumbers
from stdnum.cn import uscc
from stdnum.iso7064 import mod_11_2

from shared.foundation.errors import FieldError, Message

_PROVINCES = frozenset(
    [
        "11",
        "12",
        "13",
        "14",
        "15",
        "21",
        "22",
        "23",
        "31",
        "32",
        "33",
        "34",
        "35",
        "36",
        "37",
        "41",
        "42",
        "43",
        "44",
        "45",
        "46",
        "50",
        "51",
        "52",
        "53",
        "54",
        "61",
        "62",
        "63",
        "64",
        "65",
        "71",
        "81",
        "82",
        "83",
    ]
)
YOUNGEST, OLDEST = 16, 100
_EMAIL = re.compile(r"^[^@\s]+@[^@\s.]+(\.[^@\s.]+)+$")


def normalised(text: str) -> str:
    """Normalise a number for comparison: NFKC, no whitespace or hyphens, upper case."""
    return re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", text)).upper()


def check_identity(kind: str, number: str, *, born_on: date, gender: str, today: date) -> list[FieldError]:
    """Return the errors of a normalised identity document number."""
    if kind == "resident_id":
        return _check_resident_id(number, born_on=born_on, gender=gender, today=today)
    if kind == "foreign_permanent_resident":
        valid = re.fullmatch(r"9\d{16}[\dX]", number) and mod_11_2.is_valid(number)
        if not (valid or re.fullmatch(r"[A-Z]{3}\d{12}", number)):
            return [_identity("permanent-resident", Message("永久居留身份证号码不正确,请核对证件。"))]
        return []
    if not re.fullmatch(r"[A-Z0-9]{5,20}", number):
        return [_identity("document-number", Message("证件号码只能是 5 到 20 位字母和数字,请核对证件。"))]
    return []


def _check_resident_id(number: str, *, born_on: date, gender: str, today: date) -> list[FieldError]:
    if re.fullmatch(r"\d{15}", number):
        return [_identity("resident-id-15", Message("15 位身份证号码已停用,请填写 18 位号码。"))]
    if not re.fullmatch(r"\d{17}[\dX]", number):
        return [_identity("resident-id-form", Message("身份证号码应为 18 位数字,末位可为 X。"))]
    if number[:2] not in _PROVINCES:
        return [_identity("resident-id-area", Message("身份证号码的前两位不是有效的地区代码,请核对证件。"))]
    if not mod_11_2.is_valid(number):
        return [_identity("resident-id-check-digit", Message("身份证号码校验位不正确,请逐位核对证件。"))]
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return [_identity("resident-id-date", Message("身份证号码中的出生日期不存在,请核对证件。"))]
    age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    if not YOUNGEST <= age <= OLDEST:
        values = {"age": age, "youngest": YOUNGEST, "oldest": OLDEST}
        message = Message("按身份证号码计算的年龄为 {age} 岁,不在 {youngest} 至 {oldest} 岁之间,请核对证件。", values)
        return [_identity("age", message)]
    errors = []
    if born != born_on:
        errors.append(FieldError("/student/born_on", "born-on", "出生日期与身份证号码不一致,请核对。"))
    if (int(number[16]) % 2 == 1) != (gender == "male"):
        errors.append(FieldError("/student/gender", "gender", "性别与身份证号码不一致,请核对。"))
    return errors


def _identity(code: str, message: Message) -> FieldError:
    return FieldError("/student/identity_number", code, message.message, message.values)


def check_credit_code(code: str, *, field: str = "/firm/credit_code") -> list[FieldError]:
    """Return the errors of a normalised unified social credit code (GB 32100)."""
    if re.fullmatch(r"\d{15}", code):
        return [FieldError(field, "old-tax-number", "15 位旧税号已停用,请填写 18 位统一社会信用代码。")]
    if not uscc.is_valid(code):
        return [
            FieldError(field, "credit-code", "统一社会信用代码不正确(应为 18 位,末位为校验位),请对照营业执照核对。")
        ]
    return []


def mobile_e164(number: str) -> str | None:
    """Return a mainland-China mobile number in E.164 format, or None if it is not one."""
    try:
        parsed = phonenumbers.parse(unicodedata.normalize("NFKC", number), "CN")
    except phonenumbers.NumberParseException:
        return None
    # phonenumbers returns no type for an invalid number.
    if parsed.country_code != 86 or phonenumbers.number_type(parsed) != phonenumbers.PhoneNumberType.MOBILE:
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def is_email(address: str) -> bool:
    """Return whether the text has the form of an e-mail address."""
    return _EMAIL.match(address) is not None
