"""Convert one row of a bank's sheet to an entry, cell by cell. Called by statements."""

import re
from datetime import UTC, datetime
from typing import NoReturn
from zoneinfo import ZoneInfo

from services.billing.rules.statements.entries import Direction, Entry
from services.billing.rules.statements.layouts import Header
from services.billing.rules.statements.sheets import NumberText, Row
from shared.foundation.errors import Invalid, Message
from shared.foundation.money import fen

CHINA = ZoneInfo("Asia/Shanghai")
"""Banks state times without a zone; they mean China's."""

_MOMENT = re.compile(
    r"(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?"
    r"(?:[-\sT]*(\d{1,2})[:.时]?(\d{2})(?:[:.分]?(\d{2})秒?(?:\.(\d{1,6}))?)?)?"
)
_EXPONENT = re.compile(r"\d(?:\.\d+)?E\+?\d+", re.IGNORECASE)
_NO_MONEY = frozenset({"", "-", "--"})
_CREDIT_FLAGS = frozenset({"贷", "来账", "收", "收入", "转入", "C", "CR", "CRDT"})
_DEBIT_FLAGS = frozenset({"借", "往账", "支", "支出", "转出", "D", "DR", "DBIT"})
_OWN_CURRENCY = frozenset({"", "人民币", "人民币元", "CNY", "RMB", "156", "01", "001"})
_TOTALS = re.compile("合计|总计|小计|累计|[收支] *[0-9]")
_EXACT_DIGITS = 15
_UNSET_FLAGS = frozenset({"", "0", "N", "否", "-"})


class SheetRow:
    """A row with its cells by role, according to a header."""

    def __init__(self, header: Header, row: Row) -> None:
        self.line = row.line
        self._columns = header.columns
        self._cells = row.cells

    def cell(self, role: str) -> str:
        """Return the cell's text unchanged, number cells still marked; empty if the layout has no such column."""
        for place in self._columns[role]:
            if place < len(self._cells):
                return self._cells[place]
        return ""

    def sided(self, role: str, *, outgoing: bool) -> str:
        """Return the cell of a role that some banks print in another column for outgoing money."""
        return self.cell(f"{role}_out" if outgoing and self._columns[f"{role}_out"] else role)

    def joined(self, role: str) -> str:
        """Return the different texts of a role's columns, separated so that no two codes merge."""
        texts = (self._cells[place] for place in self._columns[role] if place < len(self._cells))
        return "；".join(dict.fromkeys(text for text in texts if text))

    def reject(self, problem: Message) -> NoReturn:
        values = {"line": self.line, "problem": problem}
        raise Invalid("第 {line} 行{problem}，请核对文件或从网银重新导出。", code="statement.row", values=values)


def entry_of(row: SheetRow) -> tuple[Entry, str] | None:
    """Return the entry in a row and the own account in it (empty if the row names none).

    Returns None for a row that is no transaction: no date, a footer, no money moved. Raises Invalid with the line
    number for a row that moves money and cannot be parsed.
    """
    moment = f"{row.cell('day')} {row.cell('clock')}".strip()
    booked_at = read_moment(moment)
    if not row.cell("day") or (booked_at is None and _TOTALS.search(row.cell("day"))):
        return None
    signed_fen, outgoing = _money(row)
    if signed_fen == 0:
        return None
    if booked_at is None:
        row.reject(Message("交易时间“{text}”无法识别", {"text": moment}))
    if row.cell("currency").upper() not in _OWN_CURRENCY:
        row.reject(Message("币种“{text}”不是人民币", {"text": row.cell("currency")}))
    account = row.sided("other_account", outgoing=outgoing)
    own_account = row.sided("own_account", outgoing=outgoing)
    if is_rounded(own_account) and len(own_account) > _EXACT_DIGITS:
        row.reject(Message("本方账号是数字格式，末位已丢失"))
    entry = Entry(
        line=row.line,
        booked_at=booked_at,
        direction=Direction.CREDIT if signed_fen > 0 else Direction.DEBIT,
        amount_fen=abs(signed_fen),
        counterparty_name=row.sided("name", outgoing=outgoing),
        counterparty_account="".join(account.split()),
        account_reliable=bool(account) and not is_rounded(account),
        remark=row.joined("remarks"),
        summary=row.joined("summaries"),
        serial=row.cell("serial") if row.cell("serial").strip("0") else None,
        is_reversal=(signed_fen < 0) != outgoing or row.cell("reversal").upper() not in _UNSET_FLAGS,
        balance_fen=_amount(row, "balance"),
    )
    return entry, "".join(own_account.split())


def is_rounded(account: str) -> bool:
    """Return whether an account number went through a spreadsheet's number format and may have lost digits."""
    return isinstance(account, NumberText) or bool(_EXPONENT.fullmatch(account))


def read_moment(text: str) -> datetime | None:
    """Parse a bank's date, or date and time, in any of their notations to an aware UTC time; None if it is none."""
    match = _MOMENT.fullmatch(text.strip())
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    microsecond = int((match[7] or "").ljust(6, "0"))
    try:
        return datetime(year, month, day, hour, minute, second, microsecond, tzinfo=CHINA).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _money(row: SheetRow) -> tuple[int, bool]:
    """Return the signed amount in fen, and whether it was booked as outgoing. A negative incoming amount is a
    reversal."""
    credit_fen, debit_fen = _amount(row, "credit") or 0, _amount(row, "debit") or 0
    flag = row.cell("flag").upper()
    if credit_fen and debit_fen:
        row.reject(Message("借方和贷方同时有金额"))
    if (credit_fen and flag in _DEBIT_FLAGS) or (debit_fen and flag in _CREDIT_FLAGS):
        row.reject(Message("借贷标志“{text}”与金额所在的列不符", {"text": flag}))
    if credit_fen or debit_fen:
        return credit_fen - debit_fen, debit_fen != 0
    amount_fen = _amount(row, "amount") or 0
    if amount_fen and flag not in _CREDIT_FLAGS | _DEBIT_FLAGS:
        row.reject(Message("借贷标志“{text}”无法识别", {"text": flag}))
    return (-abs(amount_fen), True) if flag in _DEBIT_FLAGS else (amount_fen, False)


def _amount(row: SheetRow, role: str) -> int | None:
    text = row.cell(role)
    if text in _NO_MONEY:
        return None
    try:
        return fen(text)
    except Invalid as error:
        values = {"line": row.line, "fault": error}
        raise Invalid("第 {line} 行：{fault}", code="statement.row", values=values) from error
