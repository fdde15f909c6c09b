"""Exports of a list: CSV with a byte order mark, so that spreadsheets read UTF-8, and XLSX. No cell starts a formula,
and no number loses digits.

Used by lists.py.
"""

import csv
import io
import re
from collections.abc import Callable
from typing import Any

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from starlette.responses import Response
from starlette_admin.export.base import BaseExporter, ExportContext
from starlette_admin.fields import BaseField

from shared.http.downloads import content_disposition

# Spreadsheets that read CJK text take the full-width signs for the half-width ones.
_STARTS_A_FORMULA = re.compile(
    r"[\t\r\n]|[\s\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]"
)
_LOSES_DIGITS = re.compile(r"0[0-9]+|[0-9]{12,}|[0-9]+[Ee][0-9]+")


def escape_formula(value: Any) -> Any:
    """Return a text that no spreadsheet evaluates (OWASP, CSV injection). Numbers stay unchanged.

    A text gets an apostrophe in front if it begins with a sign of a formula, also behind blanks and invisible marks, or
    with a tab or line end. Other controls are removed, because XML has no code for them.
    """
    if not isinstance(value, str):
        return value
    text = ILLEGAL_CHARACTERS_RE.sub("", value)
    return f"'{text}" if _STARTS_A_FORMULA.match(text) else text


def escape_digits(value: Any) -> Any:
    """Return a text that a spreadsheet does not read from CSV as a number with fewer digits, and that is no formula.

    Numbers of twelve digits and more, with leading zeros or with an exponent get an apostrophe in front. A list of past
    participants may be imported with it.
    """
    text = escape_formula(value)
    return f"'{text}" if isinstance(text, str) and _LOSES_DIGITS.fullmatch(text) else text


def _table(
    fields: list[BaseField], rows: list[dict[str, Any]], escape: Callable[[Any], Any] = escape_formula
) -> list[list[Any]]:
    titles = [escape(str(field.label or field.name)) for field in fields]
    return [titles, *([escape(row.get(field.name)) for field in fields] for row in rows)]


class _Exporter(BaseExporter):
    async def build_response(self, ctx: ExportContext) -> Response:
        """Return the file under the typed name, which may be in Chinese: the library's header fails with one."""
        content = await self.generate(ctx.fields, ctx.rows)
        headers = {"Content-Disposition": content_disposition(f"{ctx.filename}.{self.extension}")}
        return Response(content, media_type=self.content_type, headers=headers)


class SafeCsv(_Exporter):
    """CSV in UTF-8 with byte order mark and CR LF line ends (RFC 4180)."""

    content_type = "text/csv; charset=utf-8"
    extension = "csv"

    async def generate(self, fields: list[BaseField], rows: list[dict[str, Any]]) -> bytes:
        text = io.StringIO()
        csv.writer(text).writerows(_table(fields, rows, escape_digits))
        return text.getvalue().encode("utf-8-sig")


class SafeXlsx(_Exporter):
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
