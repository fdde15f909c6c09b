"""Check an imported list of past participants (notice, clause 1): every person on it is barred, or none is taken.

Spreadsheets show long numbers as 5.00102E+17, replace the digits after the 15th by zeros, and mark texts with an
apostrophe. A number that lost digits would bar no one, so its cell is refused.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import NamedTuple

from services.intake.rules.identifiers import check_number, kind_of, modern_number
from services.intake.rules.tables import Cell, rows_of
from shared.foundation.errors import FieldError, Invalid
from shared.foundation.text import UnusableText, clean_identifier, clean_line
from shared.sandbox import Sandbox

_COLUMNS = {
    "number": ("证件号码", "身份证号码", "身份证号", "公民身份号码", "证件号"),
    "name": ("姓名", "学员姓名"),
    "programme": ("参加的培训", "参加培训", "培训", "培训名称"),
}
_LONGEST = 100
_MOST_ERRORS = 50
_APOSTROPHES = "'\u2018\u2019\uff07`"
_SHORTENED = re.compile(r"[0-9]+(\.[0-9]*)?E\+?[0-9]{1,3}", re.IGNORECASE)


class PastPerson(NamedTuple):
    """A listed person. `number` is in the form of the index: a resident's number of 15 digits has become 18."""

    number: str
    name: str
    programme: str


def people_in(content: bytes, *, today: date, sandbox: Sandbox) -> list[PastPerson]:
    """Return the people of a list: XLSX, XLS or CSV with the columns document number, name and training.

    Raises Invalid, with an error per faulty cell, if one cell is wrong; the first 50 errors are stated.
    """
    rows = rows_of(content, _COLUMNS, sandbox)
    found = [(row, list(_row_errors(row, today))) for row in rows]
    errors = [error for _row, faulty in found for error in faulty]
    errors += _contradictions([row for row, faulty in found if not faulty])
    if errors:
        raise Invalid(
            "名单有 {count} 处需要更正,一个人也没有登记。请改正后重新导入整个文件。",
            code="past-participants",
            field_errors=errors[:_MOST_ERRORS],
            values={"count": len(errors)},
        )
    return [_person(row) for row in rows]


def _person(row: Mapping[str, Cell]) -> PastPerson:
    return PastPerson(_number(row["number"]), clean_line(row["name"].text), clean_line(row["programme"].text))


def _number(cell: Cell) -> str:
    """Return the number of a cell, without the marks that make it a text: an apostrophe in front, or ="…"."""
    text = cell.text.strip()
    formula = re.fullmatch(r'="(.*)"', text)
    return modern_number(clean_identifier(formula[1] if formula else text).lstrip(_APOSTROPHES))


def _row_errors(row: Mapping[str, Cell], today: date) -> Iterator[FieldError]:
    yield from _number_errors(row["number"], today)
    for name in ("name", "programme"):
        cell = row[name]
        try:
            text = clean_line(cell.text)
        except UnusableText as refusal:
            yield FieldError(cell.place, refusal.code, refusal.message.message, refusal.message.values)
            continue
        if not 0 < len(text) <= _LONGEST:
            yield FieldError(cell.place, "missing", "应为 1 至 {longest} 个字,请填写", {"longest": _LONGEST})


def _number_errors(cell: Cell, today: date) -> Iterator[FieldError]:
    number = _number(cell)
    is_text = cell.text.strip().startswith(tuple(_APOSTROPHES))
    if not number:
        yield FieldError(cell.place, "missing", "缺少证件号码,请按证件填写")
    elif _SHORTENED.fullmatch(number):
        message = "表格软件把号码变成了 {found},数字已经丢失。请把这一列设为文本格式,按证件重新填写"
        yield FieldError(cell.place, "digits-lost", message, {"found": number})
    elif re.fullmatch(r"\d{15}0{3}", number) and not is_text:
        message = "末三位是 000,可能是表格软件丢失了数字。请按证件核对;确实如此时,请在号码前加一个英文单引号"
        yield FieldError(cell.place, "digits-rounded", message)
    else:
        for error in check_number(kind_of(number), number, today=today):
            yield FieldError(cell.place, error.code, error.message, error.values)


def _contradictions(rows: list[dict[str, Cell]]) -> Iterator[FieldError]:
    """Yield the rows whose number stands in an earlier row with another name: one of the two numbers is wrong."""
    first: dict[str, tuple[str, str]] = {}
    for row in rows:
        person, place = _person(row), row["number"].place
        name, earlier = first.setdefault(person.number, (person.name, place))
        if name != person.name:
            message = "号码与 {place} 相同,姓名却不同。请按证件核对两处的号码与姓名"
            yield FieldError(place, "number-twice", message, {"place": earlier})
