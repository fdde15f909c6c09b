"""Rows of a list that staff import: XLSX, XLS, or CSV in UTF-8, UTF-16 or GB18030. Columns are found by their titles.

Cells are returned as they are, for the gate (shared/foundation/text.py). Called by the rules of each list.
"""

import codecs
import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from openpyxl.utils import get_column_letter

from shared.foundation.errors import Invalid, Joined
from shared.foundation.text import clean_identifier
from shared.sandbox import Sandbox, Unreadable

MOST_ROWS = 20_000
# A spreadsheet stores numbers with 15 significant digits. Beyond it shows an exponent, and digits are lost.
_EXACT = 10**15
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_UTF_16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
Values = Sequence[object]


@dataclass(frozen=True)
class Cell:
    """The text of a cell and its place as a spreadsheet names it: B7. A cell that the row lacks has an empty text."""

    place: str
    text: str


def rows_of(content: bytes, columns: Mapping[str, Sequence[str]], sandbox: Sandbox) -> list[dict[str, Cell]]:
    """Return the rows below the titles that are not empty, as cells by column name. `columns`: name -> its titles.

    Raises Invalid for an unreadable, protected or too long file, for a second sheet with content, and for a title that
    is missing or occurs twice.
    """
    is_workbook = content.startswith((_ZIP, _OLE))
    lines = _sheet_lines(content, sandbox) if is_workbook else _text_lines(_decoded(content))
    titles, *rows = [*lines] or [[]]
    indexes = {name: _index_of(wanted, titles) for name, wanted in columns.items()}
    return [
        {name: _cell(row, index, line) for name, index in indexes.items()}
        for line, row in enumerate(rows, start=2)
        if any(_text(value).strip() for value in row)
    ]


def _index_of(wanted: Sequence[str], titles: Values) -> int:
    found = [index for index, title in enumerate(titles) if re.sub(r"\W", "", clean_identifier(_text(title))) in wanted]
    if len(found) != 1:
        message = "首行应是表头,其中“{titles}”恰有一列;请补上或删去多余的列。"
        raise Invalid(message, code="list", values={"titles": Joined(wanted, "、")})
    return found[0]


def _cell(row: Values, index: int, line: int) -> Cell:
    return Cell(f"{get_column_letter(index + 1)}{line}", _text(row[index]) if index < len(row) else "")


def _decoded(content: bytes) -> str:
    try:
        if encoding := _UTF_16.get(content[:2]):
            return content[2:].decode(encoding)
        if b"\x00" in content:
            return content.decode("utf-16-le" if content[1::2].count(0) > content[::2].count(0) else "utf-16-be")
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            return content.decode("gb18030")
    except UnicodeDecodeError as error:
        raise _invalid("文件的文字编码无法识别。请在表格软件中另存为 XLSX 或“CSV UTF-8”后重试。") from error


def _text_lines(text: str) -> list[Values]:
    delimiter = max(",\t;", key=text.partition("\n")[0].count)
    lines: list[Values] = []
    try:
        for line in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True):
            _add(lines, line)
    except csv.Error as error:
        raise _invalid("文件不是有效的 CSV。请在表格软件中另存为 XLSX 或“CSV UTF-8”后重试。") from error
    return lines


def _sheet_lines(content: bytes, sandbox: Sandbox) -> list[Values]:
    """Return the lines of the one sheet that is not empty, also if it is hidden."""
    try:
        sheets = [lines for lines in sandbox.open("workbook", content).value["sheets"] if any(map(any, lines))]
    except Unreadable as error:
        if error.code == "password":
            raise _invalid("文件有密码保护。请在表格软件中去掉密码,另存后重试。") from error
        if error.code in ("too-large", "too-demanding"):
            raise _too_long() from error
        raise _invalid("文件已损坏或不是 XLSX、XLS。请在表格软件中重新另存为 XLSX 后重试。") from error
    if len(sheets) > 1:
        raise _invalid("文件中有内容的工作表不止一个。请把每个工作表另存为一个文件,逐个导入。")
    lines: list[Values] = []
    for line in sheets[0] if sheets else ():
        _add(lines, line)
    return lines


def _add(lines: list[Values], line: Values) -> None:
    if len(lines) > MOST_ROWS:
        raise _too_long()
    lines.append(line)


def _text(value: object) -> str:
    """Return the text of a cell's value. A number that lost digits is written as a spreadsheet shows it: 5.00102E+17."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:.5E}" if abs(value) >= _EXACT else f"{value:.15g}"
    return "" if value is None else str(value)


def _too_long() -> Invalid:
    return Invalid("名单太长,最多 {most} 行。请分成几个文件导入。", code="list", values={"most": MOST_ROWS})


def _invalid(message: str) -> Invalid:
    return Invalid(message, code="list")
