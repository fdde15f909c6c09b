"""Validate identifiers of people and firms, which shared/foundation/text.py cleaned. Sources: domain.md section 2.

`python-stdnum`'s resident-ID tables reject genuine IDs of Chongqing adults, so this module checks the parts of a
resident ID itself. Its check digit (GB 11643) is ISO 7064 MOD 11-2.
"""

import re
from datetime import date

import phonenumbers
from stdnum.cn import uscc
from stdnum.iso7064 import mod_11_2

from shared.foundation.errors import FieldError, Message

_REGIONS = ((11, 15), (21, 23), (31, 37), (41, 46), (50, 54), (61, 65), (71, 71), (81, 83))
_PROVINCES = {str(code) for first, last in _REGIONS for code in range(first, last + 1)}
YOUNGEST, OLDEST = 16, 100
# Two numbers that are a resident's, and no passport's or permit's: with 15 digits, or with 18 characters.
_RESIDENT = re.compile(r"\d{15}|\d{17}[\dX]")


def check_identity(kind: str, number: str, *, born_on: date, gender: str, today: date) -> list[FieldError]:
    """Return the errors of an identity document's number, birth date and gender. The number comes from the gate."""
    if errors := check_number(kind, number, today=today):
        return errors
    if kind != "resident_id":
        return [FieldError("/student/born_on", *error) for error in _age_errors(born_on, today)]
    errors = []
    if _born(number) != born_on:
        errors.append(FieldError("/student/born_on", "born-on", "出生日期与身份证号码不一致,请核对。"))
    if (int(number[16]) % 2 == 1) != (gender == "male"):
        errors.append(FieldError("/student/gender", "gender", "性别与身份证号码不一致,请核对。"))
    return errors


def check_number(kind: str, number: str, *, today: date) -> list[FieldError]:
    """Return the errors of an identity document's number alone, as the gate returns it."""
    if kind == "resident_id":
        return _check_resident_id(number, today=today)
    if kind == "foreign_permanent_resident":
        valid = re.fullmatch(r"9\d{16}[\dX]", number) and mod_11_2.is_valid(number)
        if not (valid or re.fullmatch(r"[A-Z]{3}\d{12}", number)):
            return [_identity("permanent-resident", Message("永久居留身份证号码不正确,请核对证件。"))]
        return []
    if kind == "hk_mo_tw_permit" and re.fullmatch(r"8[123]\d{15}[\dX]", number):
        return _check_resident_id(number, today=today)
    if _RESIDENT.fullmatch(number):
        return [_identity("document-kind", Message("这是居民身份证的号码,请把证件类型改为居民身份证。"))]
    if not re.fullmatch(r"[A-Z0-9]{5,20}", number):
        return [_identity("document-number", Message("证件号码只能是 5 到 20 位字母和数字,请核对证件。"))]
    return []


def kind_of(number: str) -> str:
    """Return the kind of document that a number can only belong to, for lists that do not state it; else passport.

    Passports and permits have at most ten digits. A longer one is a resident's, with whatever mistake it has.
    """
    if re.fullmatch(r"9\d{16}[\dX]|[A-Z]{3}\d{12}", number):
        return "foreign_permanent_resident"
    return "resident_id" if len(re.findall(r"\d", number)) > 10 else "passport"


def modern_number(number: str) -> str:
    """Return a resident's number of 15 digits with the century and the check digit of its 18; others unchanged.

    Numbers of 15 digits were issued until 1999 to people born in the 20th century (GB 11643-1989).
    """
    if not re.fullmatch(r"\d{15}", number):
        return number
    body = f"{number[:6]}19{number[6:]}"
    return body + str(mod_11_2.calc_check_digit(body))


def _check_resident_id(number: str, *, today: date) -> list[FieldError]:
    if re.fullmatch(r"\d{15}", number):
        return [_identity("resident-id-15", Message("15 位身份证号码已停用,请填写 18 位号码。"))]
    if not re.fullmatch(r"\d{17}[\dX]", number):
        return [_identity("resident-id-form", Message("身份证号码应为 18 位数字,末位可为 X。"))]
    if number[:2] not in _PROVINCES:
        return [_identity("resident-id-area", Message("身份证号码的前两位不是有效的地区代码,请核对证件。"))]
    if not mod_11_2.is_valid(number):
        return [_identity("resident-id-check-digit", Message("身份证号码校验位不正确,请逐位核对证件。"))]
    try:
        born = _born(number)
    except ValueError:
        return [_identity("resident-id-date", Message("身份证号码中的出生日期不存在,请核对证件。"))]
    return [FieldError("/student/identity_number", *error) for error in _age_errors(born, today)]


def _born(number: str) -> date:
    return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))


def _age_errors(born: date, today: date) -> list[tuple[str, str, dict[str, object]]]:
    """Return code, message and values of the error of an age outside of the limits, in a list; empty if it is inside."""
    age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    if YOUNGEST <= age <= OLDEST:
        return []
    values: dict[str, object] = {"age": age, "youngest": YOUNGEST, "oldest": OLDEST}
    message = Message("按出生日期计算的年龄为 {age} 岁,不在 {youngest} 至 {oldest} 岁之间,请核对证件。")
    return [("age", message.message, values)]


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
        parsed = phonenumbers.parse(number, "CN")
    except phonenumbers.NumberParseException:
        return None
    # phonenumbers returns no type for an invalid number.
    if parsed.country_code != 86 or phonenumbers.number_type(parsed) != phonenumbers.PhoneNumberType.MOBILE:
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
