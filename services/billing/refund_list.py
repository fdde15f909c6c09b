"""Workbook of the approved refunds, with which finance pays them at the bank. Called by the export action."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from shared.adapters.workbook import workbook

_TITLES = ("序号", "退款单号", "收款户名", "收款账号", "金额（元）", "附言", "原收款日期", "报名编号", "学员", "批准人")


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
    """Write one sheet. Accounts are text cells, so every digit stays."""
    rows = [
        (
            position,
            line.number,
            line.payee,
            line.account,
            Decimal(line.amount_fen) / 100,
            line.remark,
            line.received_on,
            line.application_no,
            line.student,
            line.approved_by,
        )
        for position, line in enumerate(lines, start=1)
    ]
    return workbook({"退款清单": (_TITLES, rows)})
