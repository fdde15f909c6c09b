"""Independent parsers read the exports: every entry occurs once, and the balances add up."""

import csv
import io
import re
import zipfile
from datetime import date, datetime
from decimal import Decimal

import openpyxl
import pytest
from lxml import etree

from services.demo.camt053 import NAMESPACE, camt053_xml
from services.demo.payments import SHANGHAI, early_statement, promoted_statement
from services.demo.programme import ACCOUNT_NUMBER
from services.demo.statements import CMB_HEADER, ICBC_HEADER, Entry, Statement, cmb_xlsx, icbc_csv
from tests.demo.test_payments import facts

NS = {"c": NAMESPACE}


@pytest.fixture(scope="module", params=(1, 2, 20211122))
def statement(request) -> Statement:
    return early_statement(facts(request.param), request.param)


def fen(text: str | None) -> int:
    return int(Decimal((text or "0").replace(",", "")) * 100)


def expected(statement: Statement) -> list[tuple[str, str, str, int, int]]:
    return [
        (f"{e.booked_at:%Y%m%d%H%M%S}", e.party, e.remark, e.signed_fen, balance)
        for e, balance in zip(statement.entries, statement.balances, strict=True)
    ]


def test_the_icbc_file_has_every_entry_a_running_balance_and_a_total(statement):
    data = icbc_csv(statement)
    assert data.startswith(b"[HISTORYDETAIL]\r\n")
    assert data.count(b"\r\n") == data.count(b"\n") == len(statement.entries) + 3
    rows = list(csv.reader(io.StringIO(data.decode("gb18030"))))
    assert rows[1] == ICBC_HEADER.split(",")
    read = [
        (
            re.sub(r"\D", "", r[3])[:14],
            r[10],
            r[9],
            fen(r[6]) - fen(r[5]),
            fen(r[11]),
        )
        for r in rows[2:-1]
    ]
    assert read == expected(statement)
    assert {row[1] for row in rows[2:-1]} == {f"{ACCOUNT_NUMBER}\t"}
    assert [(row[4] == "贷") == (row[6] != "") for row in rows[2:-1]] == [True] * len(read)
    assert rows[-1][0] == "合计"
    assert (fen(rows[-1][6]) - fen(rows[-1][5])) == statement.closing_fen - statement.opening_fen


def test_a_rare_name_needs_gb18030_and_round_trips():
    one = Entry(
        datetime(2021, 11, 23, 9, tzinfo=SHANGHAI), 2_500_000, True, "杨䶮", "6217000000000000000", "ZX21000113"
    )
    data = icbc_csv(Statement(date(2021, 11, 22), date(2021, 12, 5), 0, (one,)))
    assert "杨䶮" in data.decode("gb18030")
    with pytest.raises(UnicodeDecodeError):
        data.decode("gbk")


def test_the_cmb_workbook_has_36_columns_title_rows_text_amounts_and_a_total(statement):
    sheet = openpyxl.load_workbook(io.BytesIO(cmb_xlsx(statement))).worksheets[0]
    rows = [list(row) for row in sheet.iter_rows(values_only=True)]
    assert (rows[1][1], rows[3], sheet.max_column) == ("20211122至20211205", CMB_HEADER.split(), 36)
    table = [dict(zip(CMB_HEADER.split(), row, strict=True)) for row in rows[4:]]
    read = [
        (
            r["交易日"] + r["交易时间"].replace(":", ""),
            r["收(付)方名称"] or "",
            fen(r["贷方金额"]) - fen(r["借方金额"]),
            fen(r["余额"]),
        )
        for r in table[:-1]
    ]
    assert read == [(when, party, amount, balance) for when, party, _, amount, balance in expected(statement)]
    assert [r["冲账标志"] for r in table[:-1]] == ["*" if e.reversal else None for e in statement.entries]
    assert table[-1]["交易类型"] == "合计"
    assert fen(table[-1]["贷方金额"]) == statement.turnover(credit=True)


def test_the_workbook_keeps_corporate_accounts_as_text_and_loses_the_last_digits_of_cards(statement):
    sheet = openpyxl.load_workbook(io.BytesIO(cmb_xlsx(statement))).worksheets[0]
    column = CMB_HEADER.split().index("收(付)方账号")
    accounts = [row[column] for row in sheet.iter_rows(min_row=5, max_row=sheet.max_row - 1, values_only=True)]
    kinds = [type(account) for account in accounts]
    assert kinds.count(str) == sum(len(e.party) > 6 for e in statement.entries)
    assert kinds.count(str) + kinds.count(type(None)) + 2 == len(kinds)


def test_camt053_has_every_entry_the_reversal_flag_and_both_balances(statement):
    root = etree.fromstring(camt053_xml(statement), etree.XMLParser(resolve_entities=False, no_network=True))
    entries = root.findall(".//c:Ntry", NS)
    read = []
    for node in entries:
        sign = 1 if node.findtext("c:CdtDbtInd", namespaces=NS) == "CRDT" else -1
        party = node.find(".//c:RltdPties/c:Dbtr/c:Nm" if sign > 0 else ".//c:RltdPties/c:Cdtr/c:Nm", NS)
        amount = sign * fen(node.findtext("c:Amt", namespaces=NS))
        read.append((node.findtext(".//c:BookgDt/c:DtTm", namespaces=NS), "" if party is None else party.text, amount))
    assert read == [(e.booked_at.isoformat(timespec="seconds"), e.party, e.signed_fen) for e in statement.entries]
    assert len(root.findall(".//c:RvslInd", NS)) == 1
    balances = [fen(amount.text) for amount in root.findall(".//c:Bal/c:Amt", NS)]
    assert balances == [statement.opening_fen, statement.closing_fen]


def test_every_export_shows_the_summary_of_the_bank_s_own_bookings(statement):
    interest = next(e for e in statement.entries if e.summary == "结息")
    assert (interest.remark, interest.text) == ("", "结息")
    assert ",结息,,,".encode("gb18030") in icbc_csv(statement)
    assert "<Ustrd>结息</Ustrd>" in camt053_xml(statement).decode()


@pytest.mark.parametrize("export", [icbc_csv, cmb_xlsx, camt053_xml])
def test_the_same_statement_gives_the_same_file(export):
    quarter = promoted_statement(facts(1)[:3], facts(1)[5:6], 1, 100)
    assert export(quarter) == export(quarter)


def test_the_workbook_contains_no_creation_time(statement):
    with zipfile.ZipFile(io.BytesIO(cmb_xlsx(statement))) as book:
        assert {part.date_time for part in book.infolist()} == {(2021, 12, 31, 0, 0, 0)}
        assert book.read("docProps/core.xml").count(b">2021-12-31T00:00:00Z<") == 2
