import csv
from datetime import UTC, datetime

from services.billing.rules.statements.entries import Direction
from tests.billing.statement_files import (
    FIRST,
    ICBC_COLUMNS,
    ICBC_FILE,
    OWN,
    SAMPLES,
    SECOND,
    THIRD,
    icbc,
    read_statement,
    refusal,
    sample,
    shown,
)


def test_the_icbc_file_agrees_with_its_key_line_by_line():
    statement = sample(ICBC_FILE)
    with (SAMPLES / "answer_key.csv").open(encoding="utf-8", newline="") as file:
        key = list(csv.DictReader(file))
    assert len(statement.entries) == 60
    for entry, row in zip(statement.entries, key, strict=True):
        assert entry.line == int(row["row_or_node"])
        booked = datetime.fromisoformat(row["booked_at"] + "+08:00")
        assert entry.booked_at.replace(microsecond=0) == booked
        assert entry.direction is (Direction.CREDIT if row["dir"] == "C" else Direction.DEBIT)
        assert f"{entry.amount_fen / 100:.2f}" == row["amount"]
        assert entry.counterparty_name == row["payer"]
        assert row["remark"] in (entry.remark, entry.summary)


def test_the_icbc_file_reconciles_with_its_total_row():
    statement = sample(ICBC_FILE)
    assert (statement.layout, statement.account) == ("ICBC", "0200009999200066401")
    assert (statement.opening_fen, statement.closing_fen) == (31_826_417, 166_492_070)
    assert sum(each.amount_fen for each in statement.entries if each.direction is Direction.DEBIT) == 5_001_050
    assert sum(each.amount_fen for each in statement.entries if each.direction is Direction.CREDIT) == 139_666_703
    assert statement.covers_from == datetime(2021, 11, 21, 16, tzinfo=UTC)
    assert statement.covers_to == datetime(2021, 12, 5, 16, tzinfo=UTC)


def test_the_rare_character_of_the_icbc_file_survives_its_encoding():
    assert [each.counterparty_name for each in sample(ICBC_FILE).entries if "䶮" in each.counterparty_name] == ["向䶮"]


def test_the_cmb_file_is_read_completely():
    statement = sample("layout_cmb.xlsx")
    assert (statement.layout, statement.account, len(statement.entries)) == ("CMB", "110999888810702", 12)
    assert sum(each.amount_fen for each in statement.entries if each.direction is Direction.DEBIT) == 500
    assert sum(each.amount_fen for each in statement.entries if each.direction is Direction.CREDIT) == 24_700_001
    assert (statement.opening_fen, statement.closing_fen) == (9_631_055, 34_330_556)
    assert shown(statement.entries[3])[3:] == ("50000000047038054977", "付2021领军人才专精特新专题培训ZX210")
    assert statement.entries[3].serial == "G830100357314"
    assert statement.covers_to == datetime(2021, 12, 20, 16, tzinfo=UTC)


def test_a_file_printed_newest_first_is_reversed():
    forward = read_statement(icbc(FIRST, SECOND, THIRD), filename="x.csv")
    backward = read_statement(icbc(THIRD, SECOND, FIRST), filename="x.csv")
    assert [each.remark for each in backward.entries] == ["甲", "乙", "丙"]
    assert (
        (backward.opening_fen, backward.closing_fen)
        == (forward.opening_fen, forward.closing_fen)
        == (100_000, 2_100_001)
    )


def test_a_missing_line_is_refused_with_its_number():
    message = refusal(icbc(FIRST, THIRD))
    assert "第 4 行余额不连续" in message
    assert "26,000.01" in message


def test_a_repeated_line_breaks_the_balance():
    assert "第 4 行余额不连续" in refusal(icbc(FIRST, FIRST, SECOND))


def test_a_statement_without_a_period_covers_only_its_entries():
    statement = read_statement(icbc(FIRST, SECOND, THIRD), filename="明细.csv")
    assert statement.covers_from == statement.entries[0].booked_at
    assert statement.covers_to == statement.entries[-1].booked_at


def test_a_period_in_the_name_that_entries_contradict_is_ignored():
    statement = read_statement(icbc(FIRST, SECOND, THIRD), filename="历史明细_20211101_20211123.csv")
    assert statement.covers_to == statement.entries[-1].booked_at


def test_rows_without_a_date_and_repeated_headers_are_skipped():
    statement = read_statement(
        icbc(FIRST, ICBC_COLUMNS, SECOND, ',,,,,"5,000.00","25,000.00",,,,,,', f"合计,{OWN},,总计,,,9.00,,,,,,"),
        filename="x.csv",
    )
    assert [each.remark for each in statement.entries] == ["甲", "乙"]


def test_a_file_without_balances_is_ordered_by_time():
    first, second = (row.replace(balance, "") for row, balance in ((FIRST, '"26,000.00"'), (SECOND, '"21,000.00"')))
    statement = read_statement(icbc(second, first), filename="x.csv")
    assert [each.remark for each in statement.entries] == ["甲", "乙"]
    assert (statement.opening_fen, statement.closing_fen) == (None, None)
