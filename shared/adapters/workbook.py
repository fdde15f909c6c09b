"""Workbooks (XLSX) of tables: bold frozen titles, dates as dates, columns as wide as their content. Used by exports and lists.

No cell starts a formula, and no number loses digits: a text stays a text.
"""

import io
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from unicodedata import east_asian_width, normalize

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.worksheet.dimensions import ColumnDimension

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

Cell = str | int | float | Decimal | date | datetime | None
Table = tuple[Sequence[str], Iterable[Sequence[Cell]]]

# Of the text in NFKC: spreadsheets that read CJK text take full-width and small signs for the usual ones.
_STARTS_A_FORMULA = re.compile(r"[\t\r\n]|[\s\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]*[=+\-@]")
_FORMATS: dict[type, str] = {datetime: "yyyy-mm-dd hh:mm", date: "yyyy-mm-dd", Decimal: "#,##0.00"}
_SHOWN: dict[type, str] = {datetime: "{:%Y-%m-%d %H:%M}", date: "{:%Y-%m-%d}", Decimal: "{:,.2f}"}
_NARROWEST, _WIDEST = 6, 60


def escape_formula(value: Cell) -> Cell:
    """Return a text that no spreadsheet evaluates (OWASP, CSV injection). Other values stay unchanged.

    A text gets an apostrophe in front if it begins with a sign of a formula, also behind blanks and invisible marks, or
    with a tab or line end. Other controls are removed, because XML has no code for them.
    """
    if not isinstance(value, str):
        return value
    text = ILLEGAL_CHARACTERS_RE.sub("", value)
    return f"'{text}" if _STARTS_A_FORMULA.match(normalize("NFKC", text)) else text


def printed_cell(value: Cell) -> str:
    """Return a value as a spreadsheet displays it: 2021-11-22 09:30, 2021-11-22, 25,000.00."""
    return _SHOWN.get(type(value), "{}").format("" if value is None else value)


def workbook(tables: Mapping[str, Table]) -> bytes:
    """Return an XLSX file with a sheet per table: its title, the titles of its columns, its rows. Times are of China, without
    a zone, since a cell has none."""
    book = Workbook(write_only=True)
    for title, (titles, rows) in tables.items():
        sheet = book.create_sheet(title)
        lines = [[escape_formula(value) for value in line] for line in (titles, *rows)]
        for number, column in enumerate(zip(*lines, strict=True), start=1):
            width = min(max(max(map(_width, column)) + 2, _NARROWEST), _WIDEST)
            sheet.column_dimensions[str(number)] = ColumnDimension(sheet, min=number, max=number, width=width)
        sheet.freeze_panes = "A2"
        sheet.append([_cell(sheet, value, font=Font(bold=True)) for value in lines[0]])
        for line in lines[1:]:
            sheet.append([_cell(sheet, value) for value in line])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _cell(sheet: Any, value: Cell, *, font: Font | None = None) -> WriteOnlyCell:
    cell = WriteOnlyCell(sheet, value)
    if isinstance(value, str):
        cell.data_type = "s"  # also "#REF!", which would be an error
    if number_format := _FORMATS.get(type(value)):
        cell.number_format = number_format
    if font:
        cell.font = font
    return cell


def _width(value: Cell) -> int:
    """Return the width in characters: a Chinese character is as wide as two Latin ones."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in printed_cell(value))
