"""Read ISO 20022 camt.053.001.02 statements. Called by statements. The sandbox parses the XML."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn
from xml.etree.ElementTree import Element

from services.billing.rules.statements.entries import Direction, Entry, Statement
from services.billing.rules.statements.sheets import too_large
from services.billing.rules.statements.transactions import CHINA, read_moment
from shared.foundation.errors import Invalid, Message
from shared.foundation.money import fen
from shared.sandbox import Sandbox, Unreadable

LAYOUT = "CAMT053"
_NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"
_NS = {"c": _NAMESPACE}
_DIRECTIONS = {"CRDT": Direction.CREDIT, "DBIT": Direction.DEBIT}


def read_camt(data: bytes, sandbox: Sandbox) -> Statement:
    """Read all booked entries of the one account in the file. Pending entries have moved no money and are skipped.

    Several `Stmt` (pages, days) are joined in order. Raises Invalid for other versions, a document type declaration,
    other currencies and entries that cannot be parsed.
    """
    root = _parsed(data, sandbox)
    pages = root.findall("c:BkToCstmrStmt/c:Stmt", _NS)
    accounts = {_text(page, "c:Acct/c:Id/c:Othr/c:Id") or _text(page, "c:Acct/c:Id/c:IBAN") for page in pages}
    if len(accounts) != 1 or "" in accounts:
        _reject(Message("必须恰好包含一个账户，请按账户分别导出"))
    nodes = [node for page in pages for node in page.findall("c:Ntry", _NS)]
    booked = [(number, node) for number, node in enumerate(nodes, start=1) if _text(node, "c:Sts") == "BOOK"]
    entries = sorted(
        (entry for number, node in booked for entry in _entries(number, node)), key=lambda entry: entry.booked_at
    )
    periods = [_period(page, entries) for page in pages]
    return Statement(
        layout=LAYOUT,
        account=accounts.pop(),
        opening_fen=_balance(pages[0], "OPBD", "PRCD"),
        closing_fen=_balance(pages[-1], "CLBD"),
        covers_from=min(start for start, _ in periods),
        covers_to=max(end for _, end in periods),
        entries=tuple(entries),
    )


def _parsed(data: bytes, sandbox: Sandbox) -> Element:
    try:
        root = _element(*sandbox.open("xml", data).value["root"])
    except Unreadable as error:
        if error.code == "doctype":
            raise Invalid("XML 文件含有文档类型声明（DOCTYPE），不予读取。", code="statement.xml") from error
        if error.code in ("too-large", "too-demanding"):
            raise too_large() from error
        raise Invalid("XML 文件不完整或已损坏，请从网银重新导出。", code="statement.xml") from error
    if root.tag != f"{{{_NAMESPACE}}}Document":
        raise Invalid("只能读取 camt.053.001.02 对账单，请让银行按此版本导出。", code="statement.xml")
    return root


def _element(tag: str, attributes: dict[str, str], text: str, children: list[Any]) -> Element:
    element = Element(tag, attributes)
    element.text = text
    element.extend(_element(*child) for child in children)
    return element


def _entries(number: int, node: Element) -> list[Entry]:
    """Return one entry, or one for each transaction of a batch if the bank gives their amounts and they add up."""
    transactions = node.findall("c:NtryDtls/c:TxDtls", _NS)
    total_fen = _amount(node, "c:Amt", number)
    if len(transactions) > 1:
        parts = [_amount(each, "c:AmtDtls/c:TxAmt/c:Amt", number) for each in transactions]
        if sum(parts) != total_fen:
            _reject(Message("第 {number} 笔是批量入账，但各笔明细金额之和与总额不符", {"number": number}))
        return [_entry(number, node, each, part) for each, part in zip(transactions, parts, strict=True)]
    return [_entry(number, node, transactions[0] if transactions else node, total_fen)]


def _entry(number: int, node: Element, transaction: Element, amount_fen: int) -> Entry:
    direction = _DIRECTIONS.get(_text(node, "c:CdtDbtInd"))
    booked_at = _moment(node, "c:BookgDt")
    if direction is None or booked_at is None:
        _reject(Message("第 {number} 笔缺少借贷方向或入账时间", {"number": number}))
    is_reversal = _text(node, "c:RvslInd") in {"true", "1"}
    name, account = _counterparty(transaction, incoming=(direction is Direction.CREDIT) != is_reversal)
    remittance = transaction.findall("c:RmtInf/c:Ustrd", _NS) + transaction.findall(
        "c:RmtInf/c:Strd/c:CdtrRefInf/c:Ref", _NS
    )
    return Entry(
        line=number,
        booked_at=booked_at,
        direction=direction,
        amount_fen=amount_fen,
        counterparty_name=name,
        counterparty_account=account,
        account_reliable=bool(account),
        remark=" ".join(part.text.strip() for part in remittance if part.text),
        summary=_text(transaction, "c:AddtlTxInf") or _text(node, "c:AddtlNtryInf"),
        serial=_text(transaction, "c:Refs/c:AcctSvcrRef") or _text(node, "c:AcctSvcrRef") or None,
        is_reversal=is_reversal,
        balance_fen=None,
    )


def _counterparty(transaction: Element, *, incoming: bool) -> tuple[str, str]:
    """Return name and account of the other side. A reversal keeps the parties of the booking that it reverses."""
    for party in ("Dbtr", "Cdtr") if incoming else ("Cdtr", "Dbtr"):
        account_id = f"c:RltdPties/c:{party}Acct/c:Id"
        name = _text(transaction, f"c:RltdPties/c:{party}/c:Nm")
        account = _text(transaction, f"{account_id}/c:Othr/c:Id") or _text(transaction, f"{account_id}/c:IBAN")
        if name or account:
            return name, account
    return "", ""


def _period(page: Element, entries: Sequence[Entry]) -> tuple[datetime, datetime]:
    """Return the page's stated period, capped at the time the bank created it; else the period of its entries."""
    start, end = (_stamp(_text(page, f"c:FrToDt/c:{edge}DtTm")) for edge in ("Fr", "To"))
    if start is None or end is None:
        if not entries:
            _reject(Message("既没有起止日期也没有任何交易"))
        return entries[0].booked_at, entries[-1].booked_at
    made_at = _stamp(_text(page, "c:CreDtTm"))
    end += timedelta(seconds=1)
    return start, min(end, made_at) if made_at else end


def _text(node: Element, path: str) -> str:
    return (node.findtext(path, default="", namespaces=_NS) or "").strip()


def _amount(node: Element, path: str, number: int) -> int:
    element = node.find(path, _NS)
    if element is None or element.get("Ccy") != "CNY":
        _reject(Message("第 {number} 笔没有人民币（CNY）金额", {"number": number}))
    return fen(element.text or "")


def _moment(node: Element, path: str) -> datetime | None:
    stamp = _text(node, f"{path}/c:DtTm")
    return _stamp(stamp) if stamp else read_moment(_text(node, f"{path}/c:Dt"))


def _stamp(text: str) -> datetime | None:
    """Parse ISO 8601 to UTC; without an offset it is China's time."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=CHINA)).astimezone(UTC)


def _balance(page: Element, *codes: str) -> int | None:
    for code in codes:
        for balance in page.findall("c:Bal", _NS):
            if _text(balance, "c:Tp/c:CdOrPrtry/c:Cd") == code:
                amount_fen = fen(_text(balance, "c:Amt"))
                return -amount_fen if _text(balance, "c:CdtDbtInd") == "DBIT" else amount_fen
    return None


def _reject(problem: Message) -> NoReturn:
    raise Invalid("camt.053 对账单{problem}。", code="statement.xml", values={"problem": problem})
