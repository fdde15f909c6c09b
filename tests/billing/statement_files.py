"""Bank statement files for the tests: the samples, and invented ones in each layout."""

import io
from collections.abc import Sequence
from pathlib import Path

import openpyxl
import pytest

from services.billing.rules.statements import files
from services.billing.rules.statements.entries import Entry, Statement
from shared.foundation.errors import Invalid
from tests.sandbox import SANDBOX

SAMPLES = Path(__file__).parent / "samples"
ICBC_FILE = "icbc_historydetail_20211122_20211205.csv"
OWN = "0200000000000000001"
ICBC_COLUMNS = (
    "凭证号,本方账号,对方账号,交易时间,借/贷,借方发生额,贷方发生额,对方行号,摘要,用途,对方单位名称,余额,个性化信息"
)
CCB_COLUMNS = (
    "账号,账户名称,交易时间,借方发生额（支取）,贷方发生额（收入）,余额,币种,对方户名,对方账号,对方开户机构,记账日期,"
    "摘要,备注,账户明细编号-交易流水号,企业流水号,凭证种类,凭证号"
)
FIRST = f'0,{OWN},5000001,2021-11-23-09.10.11.000001,贷,,"25,000.00",,汇款,甲,重庆某甲机械有限公司,"26,000.00",'
SECOND = f'0,{OWN},5000002,2021-11-23-09.20.11.000001,借,"5,000.00",,,汇款,乙,重庆某乙物业有限公司,"21,000.00",'
THIRD = f'0,{OWN},5000003,2021-11-24-09.20.11.000001,贷,,0.01,,汇款,丙,重庆某丙商贸有限公司,"21,000.01",'


def read_statement(data: bytes, *, filename: str) -> Statement:
    return files.read_statement(data, filename=filename, sandbox=SANDBOX)


def sample(name: str) -> Statement:
    return read_statement((SAMPLES / name).read_bytes(), filename=name)


def csv_file(*lines: str, encoding: str = "gb18030") -> bytes:
    return "\r\n".join(lines).encode(encoding)


def workbook(*rows: Sequence[object]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def icbc(*rows: str) -> bytes:
    return csv_file("[HISTORYDETAIL]", ICBC_COLUMNS, *rows)


def shown(entry: Entry) -> tuple[str, int, str, str, str]:
    return (
        entry.booked_at.strftime("%Y-%m-%d %H:%M:%S"),
        entry.signed_fen,
        entry.counterparty_name,
        entry.counterparty_account,
        entry.remark,
    )


def refusal(data: bytes, filename: str = "明细.csv") -> str:
    with pytest.raises(Invalid) as refused:
        read_statement(data, filename=filename)
    return str(refused.value)


def cmb_rows() -> list[list[object]]:
    book = openpyxl.load_workbook(SAMPLES / "layout_cmb.xlsx")
    sheet = book.active
    assert sheet is not None
    return [list(row) for row in sheet.iter_rows(values_only=True)]
