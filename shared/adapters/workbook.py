"""Workbooks (XLSX) of tables: bold frozen titles, dates as dates, columns as wide as their content. Used by exports and lists.

No cell starts a formula, and no number loses digits: a text stays a text.
"""

import io
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import zip_longest
from unicodedata import east_asian_width, normalize

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font

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
    book = Workbook()
    book.remove(book.active)
    for title, (titles, rows) in tables.items():
        sheet = book.create_sheet(title)
        sheet.append([escape_formula(text) for text in titles])
        widths = [_width(text) for text in titles]
        for row in rows:
            cells = [escape_formula(value) for value in row]
            sheet.append(cells)
            widths = [max(pair) for pair in zip_longest(widths, map(_width, cells), fillvalue=0)]
            for cell in sheet[sheet.max_row]:
                cell.number_format = _FORMATS.get(type(cell.value), cell.number_format)
                if isinstance(cell.value, str):
                    cell.data_type = "s"  # also "#REF!", which would be an error
        for cell in sheet[1]:
            cell.font = Font(bold=True)
        for title_cell, width in zip(sheet[1], widths, strict=True):
            sheet.column_dimensions[title_cell.coordinate.removesuffix("1")].width = min(
                max(width + 2, _NARROWEST), _WIDEST
            )
        sheet.freeze_panes = "A2"
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _width(value: Cell) -> int:
    """Return the width in characters: a Chinese character is as wide as two Latin ones."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in printed_cell(value))
