"""The statement as an ISO 20022 camt.053.001.02 message. Called by the demo's player and the tests."""

from datetime import date
from xml.etree import ElementTree as ET

from services.demo.programme import ACCOUNT_NUMBER, INSTITUTE
from services.demo.statements import Entry, Statement

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"


def camt053_xml(statement: Statement) -> bytes:
    """Return the XML message of one statement with its opening and closing booked balances. UTF-8, amounts in yuan."""
    document = ET.Element("Document", xmlns=NAMESPACE)
    message = ET.SubElement(document, "BkToCstmrStmt")
    opened_at, closed_at = f"{statement.first_day}T00:00:00+08:00", f"{statement.last_day}T23:59:59+08:00"
    header = _add(message, "GrpHdr")
    _add(header, "MsgId", f"SMPL{statement.last_day:%Y%m%d}000001")
    _add(header, "CreDtTm", closed_at)
    report = _add(message, "Stmt")
    _add(report, "Id", f"{statement.first_day:%Y%m%d}-{statement.last_day:%Y%m%d}")
    _add(report, "CreDtTm", closed_at)
    period = _add(report, "FrToDt")
    _add(period, "FrDtTm", opened_at)
    _add(period, "ToDtTm", closed_at)
    account = _add(report, "Acct")
    _add(account, "Id/Othr/Id", ACCOUNT_NUMBER)
    _add(account, "Ccy", "CNY")
    _add(account, "Ownr/Nm", INSTITUTE)
    _balance(report, "OPBD", statement.opening_fen, statement.first_day)
    _balance(report, "CLBD", statement.closing_fen, statement.last_day)
    for number, entry in enumerate(statement.entries, start=1):
        _entry(report, number, entry)
    content: bytes = ET.tostring(document, encoding="UTF-8", xml_declaration=True)
    return content


def _balance(parent: ET.Element, code: str, fen: int, on: date) -> None:
    balance = _add(parent, "Bal")
    _add(balance, "Tp/CdOrPrtry/Cd", code)
    _amount(balance, fen)
    _add(balance, "CdtDbtInd", "CRDT")
    _add(balance, "Dt/Dt", on.isoformat())


def _entry(parent: ET.Element, number: int, entry: Entry) -> None:
    node = _add(parent, "Ntry")
    _add(node, "NtryRef", str(number))
    _amount(node, entry.amount_fen)
    _add(node, "CdtDbtInd", "CRDT" if entry.credit else "DBIT")
    if entry.reversal:
        _add(node, "RvslInd", "true")
    _add(node, "Sts", "BOOK")
    _add(node, "BookgDt/DtTm", entry.booked_at.isoformat(timespec="seconds"))
    _add(node, "ValDt/Dt", entry.booked_at.date().isoformat())
    _add(node, "AcctSvcrRef", f"SM{entry.booked_at:%Y%m%d}{number:06d}")
    _add(node, "BkTxCd/Prtry/Cd", "TRF" if entry.party else "CHG")
    details = _add(node, "NtryDtls/TxDtls")
    _add(details, "Refs/EndToEndId", "NOTPROVIDED")
    if entry.party:
        side = "Dbtr" if entry.credit else "Cdtr"
        parties = _add(details, "RltdPties")
        _add(parties, f"{side}/Nm", entry.party)
        _add(parties, f"{side}Acct/Id/Othr/Id", entry.party_account)
    if entry.text:
        _add(details, "RmtInf/Ustrd", entry.text)


def _amount(parent: ET.Element, fen: int) -> None:
    _add(parent, "Amt", f"{fen // 100}.{fen % 100:02d}").set("Ccy", "CNY")


def _add(parent: ET.Element, path: str, text: str | None = None) -> ET.Element:
    """Add a chain of nested elements named by `path`. Return the innermost one, which holds `text`."""
    for tag in path.split("/"):
        parent = ET.SubElement(parent, tag)
    parent.text = text
    return parent
