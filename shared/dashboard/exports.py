"""Exports of a list: CSV with a byte order mark, so that spreadsheets read UTF-8, and XLSX. No cell starts a formula,
and no number loses digits.

Used by lists.py.
"""

import csv
import io
import re
from datetime import date
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette_admin.export.base import BaseExporter, ExportContext
from starlette_admin.fields import BaseField
from starlette_admin.types import RequestAction
from starlette_admin.views import BaseModelView

from shared.adapters.workbook import XLSX, Cell, escape_formula, printed_cell, workbook
from shared.foundation.clock import local
from shared.foundation.language import t
from shared.http.downloads import content_disposition

_LOSES_DIGITS = re.compile(r"0[0-9]+|[0-9]{12,}|[0-9]+[Ee][0-9]+")


def file_name(request: Request, view: BaseModelView) -> str:
    """Return the usual name of a list's export, without extension: its title and today's date in China."""
    return f"{t(str(view.menu_label))} {local(request.app.state.process.clock.now()):%Y-%m-%d}"


async def export_form(request: Request, view: BaseModelView) -> str:
    """Return the library's form, which names the usual file name."""
    template = request.app.state.dashboard.templates.env.get_template("actions/export_form.html")
    fields = view.get_fields_list(request, action=RequestAction.EXPORT)
    name = file_name(request, view)
    return str(template.render(request=request, fields=fields, exporters=view.exporters, filename=name))


def csv_cell(value: Cell) -> Cell:
    """Return a value that no spreadsheet evaluates, or reads from CSV as a number with fewer digits.

    Numbers of twelve digits and more, with leading zeros or with an exponent get an apostrophe in front. A list of past
    participants may be imported with it.
    """
    value = escape_formula(value)
    if isinstance(value, date):
        return printed_cell(value)
    return f"'{value}" if isinstance(value, str) and _LOSES_DIGITS.fullmatch(value) else value


class _Exporter(BaseExporter):
    async def build_response(self, ctx: ExportContext) -> Response:
        """Return the file under the typed name, which may be in Chinese: the library's header fails with one."""
        content = await self.generate(ctx.fields, ctx.rows)
        # The library puts the key in place of an empty name.
        name = file_name(ctx.request, ctx.view) if ctx.filename == ctx.view.key else ctx.filename
        headers = {"Content-Disposition": content_disposition(f"{name}.{self.extension}")}
        return Response(content, media_type=self.content_type, headers=headers)


class SafeCsv(_Exporter):
    """CSV in UTF-8 with byte order mark and CR LF line ends (RFC 4180). Texts are in quotes, since some spreadsheets take a
    semicolon for a separator."""

    content_type = "text/csv; charset=utf-8"
    extension = "csv"

    async def generate(self, fields: list[BaseField], rows: list[dict[str, Any]]) -> bytes:
        titles, lines = _table(fields, rows)
        text = io.StringIO()
        csv.writer(text, quoting=csv.QUOTE_NONNUMERIC).writerows(
            [csv_cell(value) for value in line] for line in [titles, *lines]
        )
        return text.getvalue().encode("utf-8-sig")


class SafeXlsx(_Exporter):
    """A workbook of one sheet. Texts stay texts, so that long numbers keep all digits."""

    content_type = XLSX
    extension = "xlsx"

    async def generate(self, fields: list[BaseField], rows: list[dict[str, Any]]) -> bytes:
        return workbook({"Sheet1": _table(fields, rows)})


def _table(fields: list[BaseField], rows: list[dict[str, Any]]) -> tuple[list[str], list[list[Any]]]:
    titles = [str(field.label or field.name) for field in fields]
    return titles, [[row.get(field.name) for field in fields] for row in rows]
