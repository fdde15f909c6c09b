from datetime import UTC, datetime

import pytest

from tests.billing.statement_files import SAMPLES, read_statement, refusal, sample, shown


def camt_with(*changes: tuple[str, str]) -> bytes:
    text = (SAMPLES / "layout_camt053.xml").read_text(encoding="utf-8")
    for old, new in changes:
        assert text.count(old) == 1
        text = text.replace(old, new)
    return text.encode()


def test_a_pending_camt_entry_is_skipped():
    pending = (
        '<Ntry><NtryRef>99</NtryRef><Amt Ccy="CNY">7.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>PDNG</Sts>'
        "<BookgDt><Dt>2021-12-07</Dt></BookgDt></Ntry></Stmt>"
    )
    assert len(read_statement(camt_with(("</Stmt>", pending)), filename="x.xml").entries) == 7


def batch(first: str, second: str) -> bytes:
    details = "".join(
        f'<TxDtls><AmtDtls><TxAmt><Amt Ccy="CNY">{amount}</Amt></TxAmt></AmtDtls><RltdPties><Dbtr><Nm>{name}</Nm></Dbtr>'
        f"</RltdPties><RmtInf><Ustrd>{name}的培训费</Ustrd></RmtInf></TxDtls>"
        for amount, name in ((first, "钱一鸣"), (second, "孙二喜"))
    )
    entry = (
        '<Ntry><Amt Ccy="CNY">50000.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><BookgDt>'
        "<DtTm>2021-12-08T10:00:00</DtTm></BookgDt><AcctSvcrRef>SM1</AcctSvcrRef><NtryDtls>"
        f"{details}</NtryDtls></Ntry></Stmt>"
    )
    return camt_with(("</Stmt>", entry), ("1564843.69", "1614843.69"))


def test_a_camt_batch_becomes_its_transactions():
    entries = read_statement(batch("20000.00", "30000.00"), filename="x.xml").entries[-2:]
    assert [shown(each) for each in entries] == [
        ("2021-12-08 02:00:00", 2_000_000, "钱一鸣", "", "钱一鸣的培训费"),
        ("2021-12-08 02:00:00", 3_000_000, "孙二喜", "", "孙二喜的培训费"),
    ]


def test_a_camt_batch_that_does_not_add_up_is_refused():
    assert "第 8 笔是批量入账" in refusal(batch("20000.00", "30000.01"))


def test_the_camt_file_is_read_with_its_reversal_and_accounts():
    statement = sample("layout_camt053.xml")
    assert (statement.layout, statement.account, len(statement.entries)) == ("CAMT053", "0200009999200066401", 7)
    assert (statement.opening_fen, statement.closing_fen) == (144_984_368, 156_484_369)
    assert sum(each.signed_fen for each in statement.entries) == 11_500_001
    reversal = statement.entries[0]
    assert (reversal.is_reversal, reversal.signed_fen, reversal.serial) == (True, -2_500_000, "SM20211204000009")
    assert reversal.counterparty_account == "123800038829556710"
    assert statement.covers_to == datetime(2021, 12, 20, 16, tzinfo=UTC)


def test_camt_entries_must_add_up_to_the_closing_balance():
    data = (SAMPLES / "layout_camt053.xml").read_bytes().replace(b"1564843.69", b"1564843.70")
    assert "与期末余额 1,564,843.70 不符" in refusal(data)


def test_a_camt_period_ends_at_the_time_of_creation():
    data = (SAMPLES / "layout_camt053.xml").read_bytes().replace(b"2021-12-21T02:00:00", b"2021-12-10T12:00:00")
    assert read_statement(data, filename="x.xml").covers_to == datetime(2021, 12, 10, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    "declaration", ['[<!ENTITY x SYSTEM "file:///etc/hostname">]', '[<!ENTITY x "x">]', 'SYSTEM "x.dtd"']
)
def test_an_xml_with_a_document_type_is_refused_and_expands_nothing(declaration):
    data = (SAMPLES / "layout_camt053.xml").read_bytes()
    assert "DOCTYPE" in refusal(data.replace(b"?>", f"?><!DOCTYPE Document {declaration}>".encode(), 1))


def test_another_version_of_camt_is_refused():
    data = (SAMPLES / "layout_camt053.xml").read_bytes().replace(b"camt.053.001.02", b"camt.053.001.08")
    assert "只能读取 camt.053.001.02" in refusal(data)
