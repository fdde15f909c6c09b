"""Bank statements and two export formats: ICBC CSV and CMB workbook. Called by payments.py, camt053.py and the player.

All exports show the institute's account: the bank's own CSV, a cash-management workbook that also lists accounts at
other banks, and the direct link (camt053.py). Amounts are in fen. Entry times are the bank's, at +08:00.
"""

import csv
import re
import zipfile
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO, StringIO
from itertools import accumulate

from openpyxl import Workbook

from services.demo.programme import ACCOUNT_NUMBER, INSTITUTE

ICBC_HEADER = (
    "凭证号,本方账号,对方账号,交易时间,借/贷,借方发生额,贷方发生额,对方行号,摘要,用途,对方单位名称,余额,个性化信息"
)
CMB_HEADER = (
    "账号 账号名称 币种 交易日 交易时间 起息日 交易类型 借方金额 贷方金额 余额 摘要 流水号 流程实例号 业务名称 用途 业务参考号 "
    "业务摘要 其它摘要 收(付)方分行名 收(付)方名称 收(付)方账号 收(付)方开户行行号 收(付)方开户行名 收(付)方开户行地址 "
    "母(子)公司账号分行名 母(子)公司账号 母(子)公司名称 信息标志 有否附件信息 冲账标志 扩展摘要 交易分析码 票据号 商务支付订单号 "
    "内部编号 公司一卡通号"
)
CARD_DIGITS = 19
EPOCH = (2021, 12, 31, 0, 0, 0)


@dataclass(frozen=True)
class Entry:
    """One line of a statement. `credit`: incoming money. Texts that the bank leaves out are empty."""

    booked_at: datetime
    amount_fen: int
    credit: bool
    party: str
    party_account: str
    remark: str
    summary: str = "汇款"
    reversal: bool = False

    @property
    def text(self) -> str:
        """The text for exports with a single text column: the remark, or the summary of the bank's own bookings."""
        return self.remark if self.remark or self.party else self.summary

    @property
    def signed_fen(self) -> int:
        return self.amount_fen if self.credit else -self.amount_fen


@dataclass(frozen=True)
class Statement:
    """The entries of an account from `first_day` to `last_day` (both inclusive), in booking order."""

    first_day: date
    last_day: date
    opening_fen: int
    entries: tuple[Entry, ...]

    @property
    def balances(self) -> list[int]:
        """The balance after each entry, in fen."""
        return list(accumulate((entry.signed_fen for entry in self.entries), initial=self.opening_fen))[1:]

    @property
    def closing_fen(self) -> int:
        return self.opening_fen + sum(entry.signed_fen for entry in self.entries)

    def turnover(self, *, credit: bool) -> int:
        """Return the sum of all credits or of all debits in fen."""
        return sum(entry.amount_fen for entry in self.entries if entry.credit is credit)


def icbc_csv(statement: Statement) -> bytes:
    """Return the HISTORYDETAIL export: GB18030, CRLF, tab after account numbers, commas in amounts, a total row."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(["[HISTORYDETAIL]"])
    writer.writerow(ICBC_HEADER.split(","))
    for entry, balance in zip(statement.entries, statement.balances, strict=True):
        out, into = _columns(entry)
        account = f"{entry.party_account}\t" if entry.party_account else ""
        time = f"{entry.booked_at:%Y-%m-%d-%H.%M.%S.%f}"
        flag = "贷" if entry.credit else "借"
        head = ["0", f"{ACCOUNT_NUMBER}\t", account, time, flag, out, into, ""]
        writer.writerow([*head, entry.summary, entry.remark, entry.party, _commas(balance), ""])
    totals = [_commas(statement.turnover(credit=False)), _commas(statement.turnover(credit=True))]
    writer.writerow(["合计", "", "", "", "", *totals, *[""] * 6])
    return text.getvalue().encode("gb18030")


def cmb_xlsx(statement: Statement) -> bytes:
    """Return the 36-column workbook: three title rows, text amounts, 19-digit cards as rounded numbers."""
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "账务明细"
    sheet.append(["账务明细查询"])
    sheet.append(["查询区间", f"{statement.first_day:%Y%m%d}至{statement.last_day:%Y%m%d}"])
    sheet.append([])
    columns = CMB_HEADER.split()
    sheet.append(columns)
    for number, (entry, balance) in enumerate(zip(statement.entries, statement.balances, strict=True), start=1):
        row = _cmb_row(entry, balance) | {"流水号": f"G{entry.booked_at:%y%m%d}{number:07d}"}
        sheet.append([row.get(column) for column in columns])
    totals = {
        "交易类型": "合计",
        "借方金额": _commas(statement.turnover(credit=False)),
        "贷方金额": _commas(statement.turnover(credit=True)),
    }
    sheet.append([totals.get(column) for column in columns])
    file = BytesIO()
    book.save(file)
    return _undated(file.getvalue())


def _cmb_row(entry: Entry, balance: int) -> dict[str, str | float | None]:
    out, into = _columns(entry)
    card = len(entry.party_account) == CARD_DIGITS and entry.party_account.startswith("62")
    return {
        "账号": ACCOUNT_NUMBER,
        "账号名称": INSTITUTE,
        "币种": "人民币",
        "交易日": f"{entry.booked_at:%Y%m%d}",
        "交易时间": f"{entry.booked_at:%H:%M:%S}",
        "起息日": f"{entry.booked_at:%Y%m%d}",
        "交易类型": "转账汇款" if entry.party else "收费" if not entry.credit else entry.summary,
        "借方金额": out or None,
        "贷方金额": into or None,
        "余额": _commas(balance),
        "摘要": entry.text or None,
        "收(付)方名称": entry.party or None,
        "收(付)方账号": float(entry.party_account) if card else entry.party_account or None,
        "冲账标志": "*" if entry.reversal else None,
    }


def _undated(workbook: bytes) -> bytes:
    """Replace the creation times, so that the same statement always gives the same file."""
    fresh = BytesIO()
    with zipfile.ZipFile(BytesIO(workbook)) as old, zipfile.ZipFile(fresh, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            part = re.sub(rb"(<dcterms:\w+ [^>]*>)[^<]*", rb"\g<1>2021-12-31T00:00:00Z", old.read(name))
            new.writestr(zipfile.ZipInfo(name, EPOCH), part, zipfile.ZIP_DEFLATED)
    return fresh.getvalue()


def _columns(entry: Entry) -> tuple[str, str]:
    """Return the debit and the credit column of an entry."""
    amount = _commas(entry.amount_fen)
    return ("", amount) if entry.credit else (amount, "")


def _commas(fen: int) -> str:
    return f"{fen // 100:,}.{fen % 100:02d}"
