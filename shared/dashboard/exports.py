"""Exports of a list: CSV with a byte order mark, so that spreadsheets read UTF-8, and XLSX. No cell starts a formula.

Used by lists.py.
"""

import csv
import io
from typing import Any

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from starlette_admin.export.base import BaseExporter
from starlette_admin.fields import BaseField

_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def escape_formula(value: Any) -> Any:
    """Prefix a text that a spreadsheet would evaluate with an apostrophe (OWASP, CSV injection). Numbers stay
    unchanged."""
    if not isinstance(value, str):
        return value
    text = ILLEGAL_CHARACTERS_RE.sub("", value)
    return f"'{text}" if text.startswith(_STARTS_A_FORMULA) else text


def _table(fields: list[BaseField], rows: list[dict[str, Any]]) -> list[list[Any]]:
    titles = [escape_formula(str(field.label or field.name)) for field in fields]
    return [titles, *([escape_formula(row.get(field.name)) for field in fields] for row in rows)]


class SafeCsv(BaseExporter):
    """CSV in UTF-8 with byte order mark and CR LF line ends (RFC 4180)."""

    content_type = "text/csv; charset=utf-8"
    extension = "csv"

    async def generate(self, fields: list[BaseField], rows: list[dict[str, Any]]) -> bytes:
        text = io.StringIO()
        csv.writer(text).writerows(_table(fields, rows))
        return text.getvalue().encode("utf-8-sig")


class SafeXlsx(BaseExporter):
    """One sheet with a bold, frozen header row. Texts stay texts, so that long numbers keep all digits."""

    content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    extension = "xlsx"

    async def generate(self, fields: list[BaseField], rows: list[dict[str, Any]]) -> bytes:
        workbook = Workbook()
        sheet = workbook.active
        for line in _table(fields, rows):
            sheet.append(line)
        for cell in sheet[1]:
            cell.font = Font(bold=True)
        sheet.freeze_panes = "A2"
        file = io.BytesIO()
        workbook.save(file)
        return file.getvalue()
