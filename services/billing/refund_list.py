"""Workbook of the approved refunds, with which finance pays them at the bank. Called by the export action."""

import io
from collections.abc import Iterable
from dataclasses import dataclass

from openpyxl import Workbook
from openpyxl.styles import Font

from shared.dashboard.exports import escape_formula
from shared.foundation.money import yuan

_TITLES = ("序号", "退款单号", "收款户名", "收款账号", "金额（元）", "附言", "原收款日期", "报名编号", "学员", "批准人")
_WIDTHS = (6, 18, 36, 26, 14, 26, 14, 18, 12, 14)


@dataclass(frozen=True)
class RefundLine:
    """One payment to make. `account` is the number, or a note if the bank's file did not contain it completely."""

    number: str
    payee: str
    account: str
    amount_fen: int
    remark: str
    received_on: str
    application_no: str
    student: str
    approved_by: str


def refund_workbook(lines: Iterable[RefundLine]) -> bytes:
    """Write one sheet. Accounts are text cells, so every digit stays and no text becomes a formula."""
    book = Workbook()
    sheet = book.active
    sheet.title = "退款清单"
    sheet.append(_TITLES)
    for position, line in enumerate(lines, start=1):
        cells = (
            line.number,
            line.payee,
            line.account,
            yuan(line.amount_fen),
            line.remark,
            line.received_on,
            line.application_no,
            line.student,
            line.approved_by,
        )
        sheet.append([position, *(escape_formula(cell) for cell in cells)])
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for column, width in zip("ABCDEFGHIJ", _WIDTHS, strict=True):
        sheet.column_dimensions[column].width = width
    sheet.freeze_panes = "A2"
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()
