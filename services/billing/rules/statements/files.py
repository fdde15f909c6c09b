"""Read a bank's statement file. Called by billing's import action and by the import page's preview."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from services.billing.rules.statements.balances import check_totals, in_booking_order, opening_and_closing
from services.billing.rules.statements.camt import read_camt
from services.billing.rules.statements.entries import Entry, Statement
from services.billing.rules.statements.layouts import expected_columns, find_header, is_header_again
from services.billing.rules.statements.sheets import Row, sheets_of
from services.billing.rules.statements.transactions import SheetRow, entry_of, read_moment
from shared.foundation.errors import Invalid
from shared.sandbox import Sandbox

_DAY = r"(20\d\d[-/.年]?\d{1,2}[-/.月]?\d{1,2}日?)"
_PERIOD = re.compile(rf"(?<!\d){_DAY}\D{{1,12}}{_DAY}(?!\d)")
_ACCOUNT = re.compile(r"账号[^0-9]{0,40}([0-9][0-9 -]{6,40}[0-9])")


def read_statement(data: bytes, *, filename: str, sandbox: Sandbox) -> Statement:
    """Read a CSV, XLSX, XLS or camt.053 statement. The format is detected from the content, never from the name.

    The name only supplies the period (`..._20211122_20211205.csv`) if the file does not state it. Raises Invalid for a
    file of more than 50,000 rows, an unknown layout, a line that moves money and cannot be parsed, and a broken
    balance. Reading changes nothing and may be repeated.
    """
    if not data.strip():
        raise Invalid("文件是空的，请从网银重新导出。", code="statement.empty")
    is_xml = data.removeprefix(b"\xef\xbb\xbf").lstrip().startswith((b"<?xml", b"<Document"))
    statement = read_camt(data, sandbox) if is_xml else _read_sheets(sheets_of(data, sandbox), filename)
    if statement.opening_fen is not None and statement.closing_fen is not None:
        check_totals(statement.opening_fen, statement.entries, statement.closing_fen)
    return statement


def _read_sheets(sheets: Sequence[Sequence[Row]], filename: str) -> Statement:
    found = [(rows, header) for rows in sheets if (header := find_header(rows)) is not None]
    if not found:
        raise Invalid(
            "前 20 行里没有找到认识的表头，无法读取。需要的列：{columns}；或 camt.053.001.02 的 XML 文件。请从网银导出账户明细后原样上传。",
            code="statement.layout",
            values={"columns": expected_columns()},
        )
    if len(found) > 1:
        raise Invalid("工作簿里有多张明细表，请每张单独保存后导入。", code="statement.layout")
    rows, header = found[0]
    read = [
        result
        for row in rows[header.position + 1 :]
        if not is_header_again(header, row) and (result := entry_of(SheetRow(header, row))) is not None
    ]
    if not read:
        raise Invalid("表头之后没有读到任何交易，请核对导出的日期区间。", code="statement.empty")
    entries = in_booking_order([entry for entry, _ in read])
    title = " ".join(cell for row in rows[: header.position] for cell in row.cells)
    opening_fen, closing_fen = opening_and_closing(entries)
    covers_from, covers_to = _period(entries, title, filename)
    return Statement(
        layout=header.layout.code,
        account=_account({account for _, account in read}, title),
        opening_fen=opening_fen,
        closing_fen=closing_fen,
        covers_from=covers_from,
        covers_to=covers_to,
        entries=entries,
    )


def _account(named_in_rows: set[str], title: str) -> str:
    named = named_in_rows - {""}
    if len(named) > 1:
        raise Invalid("文件里有多个本方账号，请按账号分别导出后导入。", code="statement.accounts")
    if named:
        return named.pop()
    match = _ACCOUNT.search(title)
    return re.sub(r"\D", "", match[1]) if match else ""


def _period(entries: Sequence[Entry], *texts: str) -> tuple[datetime, datetime]:
    """Return the first period named in the texts that no entry contradicts; else from the first entry to the last."""
    for text in texts:
        for match in _PERIOD.finditer(text):
            start, last_day = read_moment(match[1]), read_moment(match[2])
            if start is None or last_day is None:
                continue
            end = last_day + timedelta(days=1)
            if start <= min(entry.booked_at for entry in entries) and max(entry.booked_at for entry in entries) < end:
                return start, end
    return entries[0].booked_at, entries[-1].booked_at
