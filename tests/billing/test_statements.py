import csv
import io
import random
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.billing.rules.entries import Direction, Entry, Statement, fingerprints
from services.billing.rules.statements import read_statement
from shared.errors import Invalid

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
    return refused.value.message


# The samples, whole


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


def test_the_cmb_file_is_read_whole():
    statement = sample("layout_cmb.xlsx")
    assert (statement.layout, statement.account, len(statement.entries)) == ("CMB", "110999888810702", 12)
    assert sum(each.amount_fen for each in statement.entries if each.direction is Direction.DEBIT) == 500
    assert sum(each.amount_fen for each in statement.entries if each.direction is Direction.CREDIT) == 24_700_001
    assert (statement.opening_fen, statement.closing_fen) == (9_631_055, 34_330_556)
    assert shown(statement.entries[3])[3:] == ("50000000047038054977", "付2021领军人才专精特新专题培训ZX210")
    assert statement.entries[3].serial == "G830100357314"
    assert statement.covers_to == datetime(2021, 12, 20, 16, tzinfo=UTC)


def test_the_camt_file_is_read_whole_with_its_reversal_and_accounts():
    statement = sample("layout_camt053.xml")
    assert (statement.layout, statement.account, len(statement.entries)) == ("CAMT053", "0200009999200066401", 7)
    assert (statement.opening_fen, statement.closing_fen) == (144_984_368, 156_484_369)
    assert sum(each.signed_fen for each in statement.entries) == 11_500_001
    reversal = statement.entries[0]
    assert (reversal.is_reversal, reversal.signed_fen, reversal.serial) == (True, -2_500_000, "SM20211204000009")
    assert reversal.counterparty_account == "123800038829556710"
    assert statement.covers_to == datetime(2021, 12, 20, 16, tzinfo=UTC)


# The layouts


def test_the_icbc_variant_with_incoming_and_outgoing_amounts_is_read():
    statement = read_statement(
        csv_file(
            "账号：0200 0000 0000 0000 001",
            "凭证号,交易时间,对方单位,对方账号,转入金额,转出金额,余额,用途,摘要,附言",
            '000001,2021-11-23 09:10:11,重庆某甲机械有限公司,5000001,"25,000.00",,"26,000.00",培训费,汇款,ZX21000113',
            '000002,2021-11-24 09:10:11,,,,10.00,"25,990.00",,手续费,',
        ),
        filename="x.csv",
    )
    assert (statement.account, statement.opening_fen, statement.closing_fen) == (OWN, 100_000, 2_599_000)
    assert shown(statement.entries[0])[1:] == (2_500_000, "重庆某甲机械有限公司", "5000001", "培训费 ZX21000113")
    assert shown(statement.entries[1])[1] == -1_000


def test_the_icbc_variant_with_a_flag_and_one_amount_is_read():
    statement = read_statement(
        csv_file(
            "[HISTORYDETAIL]",
            "凭证号,本方账号,对方账号,交易时间,借贷标志,发生额,对方行号,摘要,用途,对方单位名称,余额",
            f'0,{OWN},,2021-11-23-09.10.11.000001,贷,"25,000.00",,汇款,培训费,重庆某甲机械有限公司,"26,000.00"',
            f'0,{OWN},,2021-11-24-09.10.11.000001,借,"5,000.00",,汇款,房租,重庆某乙物业有限公司,"21,000.00"',
        ),
        filename="x.csv",
    )
    assert [each.signed_fen for each in statement.entries] == [2_500_000, -500_000]


def test_the_icbc_variant_without_a_flag_is_read():
    statement = read_statement(
        csv_file(
            "凭证号,本方账号,对方账号,交易时间,转出,转入,对方行号,摘要,用途,对方单位名称,余额",
            f'0,{OWN},,2021-11-23-09.10.11.000001,,"25,000.00",,汇款,培训费,重庆某甲机械有限公司,"26,000.00"',
        ),
        filename="x.csv",
    )
    assert [each.signed_fen for each in statement.entries] == [2_500_000]


def test_the_ccb_layout_is_read():
    statement = read_statement(
        csv_file(
            CCB_COLUMNS,
            f'{OWN},某培训机构,20211123 17:07:09,0.00,"25,000.00","25,100.00",人民币元,张三丰,6217000000000000001,'
            "某支行,20211123,电子转账,ZX21000113,1-000000000000000017,,,",
            f'{OWN},某培训机构,20211124 08:00:00,100.00,0,"25,000.00",人民币元,,,,20211124,收费,,2-18,,,',
            encoding="utf-8-sig",
        ),
        filename="x.csv",
    )
    assert (statement.layout, statement.account) == ("CCB", OWN)
    assert shown(statement.entries[0]) == (
        "2021-11-23 09:07:09", 2_500_000, "张三丰", "6217000000000000001", "ZX21000113",
    )  # fmt: skip
    assert [each.serial for each in statement.entries] == ["1-000000000000000017", "2-18"]


def test_the_abc_layout_with_its_account_above_and_its_footer_is_read():
    statement = read_statement(
        workbook(
            ["账户明细"],
            [f"账号：{OWN}", "户名：某培训机构"],
            ["时间", "收入", "支出", "余额", "对方账号", "对方户名", "对方行", "摘要"],
            ["2021-11-23 09:10:11", "25,000.00", "", "26,000.00", "5000001", "重庆某甲机械有限公司", "某行", "培训费"],
            ["2021-11-24 10:00:00", None, 1000.5, 24999.5, "5000002", "重庆某乙物业有限公司", "某行", "房租"],
            ["1 收 25,000.00", "", "", "", "", "", "", ""],
        ),
        filename="x.xls",
    )
    assert (statement.layout, statement.account) == ("ABC", OWN)
    assert [each.signed_fen for each in statement.entries] == [2_500_000, -100_050]
    assert statement.entries[0].summary == "培训费"


def test_the_boc_layout_takes_the_other_side_by_direction():
    header = [
        "交易类型[ Transaction Type ]", "付款人账号[ Debit Account No. ]", "付款人名称[ Payer's Name ]",
        "收款人账号[ Payee's Account Number ]", "收款人名称[ Payee's Name ]", "交易日期[ Transaction Date ]",
        "交易时间[ Transaction time ]", "交易货币[ Trade Currency ]", "交易金额[ Trade Amount ]",
        "交易后余额[ After-transaction balance ]", "交易流水号[ Transaction reference number ]", "摘要[ Reference ]",
        "用途[ Purpose ]", "交易附言[ Remark ]",
    ]  # fmt: skip
    statement = read_statement(
        workbook(
            ["查询账号[ Inquirer account number ]", OWN],
            header,
            ["来账", "5000001", "重庆某甲机械有限公司", OWN, "某培训机构", "20211123", "09:10:11", "CNY", "25,000.00",
             "26,000.00", "T1", "", "培训费", "ZX21000113"],
            ["往账", OWN, "某培训机构", "5000002", "重庆某乙物业有限公司", "20211124", "10:00:00", "CNY", "-1,000.00",
             "25,000.00", "T2", "", "房租", ""],
        ),
        filename="x.xlsx",
    )  # fmt: skip
    assert (statement.layout, statement.account) == ("BOC", OWN)
    assert [shown(each)[1:4] for each in statement.entries] == [
        (2_500_000, "重庆某甲机械有限公司", "5000001"),
        (-100_000, "重庆某乙物业有限公司", "5000002"),
    ]
    assert statement.entries[0].remark == "培训费 ZX21000113"


def cmb_rows() -> list[list[object]]:
    book = openpyxl.load_workbook(SAMPLES / "layout_cmb.xlsx")
    sheet = book.active
    assert sheet is not None
    return [list(row) for row in sheet.iter_rows(values_only=True)]


def test_the_cmb_layout_is_read_from_csv_as_well():
    target = io.StringIO()
    csv.writer(target).writerows(cmb_rows())
    from_csv = read_statement(target.getvalue().encode("utf-8"), filename="x.csv")
    assert from_csv == sample("layout_cmb.xlsx")


def test_a_card_number_that_excel_kept_as_a_number_is_marked_unreliable():
    rows = cmb_rows()
    account = rows[3].index("收(付)方账号")
    rows[5][account] = 6217001234567890123.0
    entries = read_statement(workbook(*rows), filename="x.xlsx").entries
    assert [each.account_reliable for each in entries[:3]] == [True, False, True]
    assert entries[1].counterparty_account.startswith("62170012345678")


def test_a_card_number_that_excel_wrote_with_an_exponent_is_marked_unreliable():
    row = f'0,{OWN},6.21776E+18,2021-11-23-09.10.11.000001,贷,,"25,000.00",,汇款,培训费,张三丰,"26,000.00",'
    assert [each.account_reliable for each in read_statement(icbc(row), filename="x.csv").entries] == [False]


def test_an_own_account_without_its_last_digits_is_refused():
    rows = cmb_rows()
    for row in rows[4:16]:
        row[0] = 6217001234567890123.0
    assert "本方账号是数字格式" in refusal(workbook(*rows))


def test_a_star_in_the_cmb_reversal_column_marks_a_reversal():
    rows = cmb_rows()
    rows[7][rows[3].index("冲账标志")] = "*"
    assert [each.is_reversal for each in read_statement(workbook(*rows), filename="x.xlsx").entries[2:5]] == [
        False,
        True,
        False,
    ]


def test_a_negative_receipt_is_a_reversal_that_takes_money_out():
    statement = read_statement(
        icbc(
            f'0,{OWN},5000001,2021-11-23-09.10.11.000001,贷,,"25,000.00",,汇款,培训费,重庆某甲机械有限公司,"26,000.00",',
            f'0,{OWN},5000001,2021-11-23-09.20.11.000001,贷,,"-25,000.00",,汇款,,重庆某甲机械有限公司,"1,000.00",',
        ),
        filename="x.csv",
    )
    assert [(each.direction, each.signed_fen, each.is_reversal) for each in statement.entries] == [
        (Direction.CREDIT, 2_500_000, False),
        (Direction.DEBIT, -2_500_000, True),
    ]


# Order, balances, periods

FIRST = f'0,{OWN},5000001,2021-11-23-09.10.11.000001,贷,,"25,000.00",,汇款,甲,重庆某甲机械有限公司,"26,000.00",'
SECOND = f'0,{OWN},5000002,2021-11-23-09.20.11.000001,借,"5,000.00",,,汇款,乙,重庆某乙物业有限公司,"21,000.00",'
THIRD = f'0,{OWN},5000003,2021-11-24-09.20.11.000001,贷,,0.01,,汇款,丙,重庆某丙商贸有限公司,"21,000.01",'


def test_a_file_printed_newest_first_is_turned_round():
    forward = read_statement(icbc(FIRST, SECOND, THIRD), filename="x.csv")
    backward = read_statement(icbc(THIRD, SECOND, FIRST), filename="x.csv")
    assert [each.remark for each in backward.entries] == ["甲", "乙", "丙"]
    assert (
        (backward.opening_fen, backward.closing_fen)
        == (forward.opening_fen, forward.closing_fen)
        == (100_000, 2_100_001)
    )


def test_a_missing_line_breaks_the_balance_and_is_refused_with_the_line():
    message = refusal(icbc(FIRST, THIRD))
    assert "第 4 行余额不连续" in message
    assert "26,000.01" in message


def test_a_line_printed_twice_breaks_the_balance():
    assert "第 4 行余额不连续" in refusal(icbc(FIRST, FIRST, SECOND))


def test_camt_entries_that_do_not_lead_to_the_closing_balance_are_refused():
    data = (SAMPLES / "layout_camt053.xml").read_bytes().replace(b"1564843.69", b"1564843.70")
    assert "与期末余额 1,564,843.70 不符" in refusal(data)


def test_without_a_stated_period_a_statement_covers_no_more_than_its_entries():
    statement = read_statement(icbc(FIRST, SECOND, THIRD), filename="明细.csv")
    assert statement.covers_from == statement.entries[0].booked_at
    assert statement.covers_to == statement.entries[-1].booked_at


def test_a_period_in_the_name_that_the_entries_contradict_is_not_believed():
    statement = read_statement(icbc(FIRST, SECOND, THIRD), filename="历史明细_20211101_20211123.csv")
    assert statement.covers_to == statement.entries[-1].booked_at


def test_a_camt_statement_covers_nothing_after_it_was_made():
    data = (SAMPLES / "layout_camt053.xml").read_bytes().replace(b"2021-12-21T02:00:00", b"2021-12-10T12:00:00")
    assert read_statement(data, filename="x.xml").covers_to == datetime(2021, 12, 10, 4, tzinfo=UTC)


def test_rows_without_a_date_and_repeated_headers_are_no_entries():
    statement = read_statement(
        icbc(FIRST, ICBC_COLUMNS, SECOND, ',,,,,"5,000.00","25,000.00",,,,,,', f"合计,{OWN},,总计,,,9.00,,,,,,"),
        filename="x.csv",
    )
    assert [each.remark for each in statement.entries] == ["甲", "乙"]


# Refusals


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (FIRST.replace("2021-11-23-09.10.11.000001", "2021-13-45"), "第 3 行交易时间“2021-13-45”无法识别"),
        (FIRST.replace('"25,000.00"', '"25,000.001"'), "第 3 行：金额“25,000.001”无法识别"),
        (FIRST.replace(",,汇款", ",,汇款", 1).replace("贷,,", '贷,"1.00",'), "第 3 行借方和贷方同时有金额"),
        (FIRST.replace("贷", "借"), "第 3 行借贷标志“借”与金额所在的列不符"),
    ],
)
def test_a_line_that_moves_money_and_cannot_be_understood_is_refused_by_its_number(row, problem):
    assert problem in refusal(icbc(row))


def test_a_file_nobody_can_read_is_refused_with_the_columns_that_were_expected():
    message = refusal(csv_file("姓名,电话", "张三丰,无"))
    assert "没有找到认识的表头" in message
    for column in ("对方单位名称", "借方发生额(支取)", "收(付)方名称", "交易金额", "camt.053.001.02"):
        assert column in message


def test_a_header_below_the_twentieth_row_is_not_searched():
    titles = ["说明"] * 20
    assert "前 20 行" in refusal(csv_file(*titles, ICBC_COLUMNS, FIRST))
    assert len(read_statement(csv_file(*titles[1:], ICBC_COLUMNS, FIRST), filename="x.csv").entries) == 1


def test_a_file_without_transactions_is_not_read_as_zero():
    assert "没有读到任何交易" in refusal(icbc())


def test_an_empty_file_is_refused():
    assert "文件是空的" in refusal(b" \r\n")


def test_several_own_accounts_in_one_file_are_refused():
    assert "多个本方账号" in refusal(icbc(FIRST, SECOND.replace(OWN, "0200000000000000002")))


def test_a_foreign_currency_is_refused():
    row = f'{OWN},某机构,20211123 17:07:09,0,"25,000.00","25,100.00",美元,张三丰,1,,20211123,,,1-1,,,'
    assert "币种“美元”不是人民币" in refusal(csv_file(CCB_COLUMNS, row))


def test_a_web_page_named_xls_is_refused_with_advice():
    assert "另存为 XLSX" in refusal(b"<html><table></table></html>", "x.xls")


def test_bytes_in_no_known_encoding_are_refused():
    assert "文字编码" in refusal(b"\xff\xff\xff\xff")


@pytest.mark.parametrize("damage", [b"PK\x03\x04 broken", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 broken", b"<?xml broken"])
def test_a_damaged_file_is_refused(damage):
    assert "已损坏" in refusal(damage)


@pytest.mark.parametrize(
    "declaration", ['[<!ENTITY x SYSTEM "file:///etc/hostname">]', '[<!ENTITY x "x">]', 'SYSTEM "x.dtd"']
)
def test_an_xml_with_a_document_type_is_refused_and_expands_nothing(declaration):
    data = (SAMPLES / "layout_camt053.xml").read_bytes()
    assert "DOCTYPE" in refusal(data.replace(b"?>", f"?><!DOCTYPE Document {declaration}>".encode(), 1))


def test_another_version_of_camt_is_refused():
    data = (SAMPLES / "layout_camt053.xml").read_bytes().replace(b"camt.053.001.02", b"camt.053.001.08")
    assert "只能读取 camt.053.001.02" in refusal(data)


def test_a_file_of_more_than_ten_megabytes_is_refused():
    assert "10 MB" in refusal(b"x" * (10 * 1024 * 1024 + 1))


def test_a_file_of_more_than_fifty_thousand_rows_is_refused():
    assert "最多 50,000 行" in refusal(b"a,b\n" * 50_001)


def test_a_workbook_that_unpacks_to_more_than_it_may_is_refused():
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("xl/worksheets/sheet1.xml", b" " * (101 * 1024 * 1024))
    assert "文件太大" in refusal(target.getvalue())


def test_a_workbook_with_one_cell_far_away_is_refused_before_it_fills_the_memory():
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["A1"] = "x"
    sheet["XFD1048576"] = "x"
    target = io.BytesIO()
    book.save(target)
    assert "文件太大" in refusal(target.getvalue())


def test_damaged_workbooks_are_refused_and_never_crash():
    healthy = (SAMPLES / "layout_cmb.xlsx").read_bytes()
    dice = random.Random(7)
    for _ in range(200):
        damaged = bytearray(healthy)
        for _ in range(20):
            damaged[dice.randrange(len(damaged))] = dice.randrange(256)
        try:
            statement = read_statement(bytes(damaged), filename="x.xlsx")
        except Invalid:
            continue
        assert statement == sample("layout_cmb.xlsx")


@given(st.text(max_size=60), st.binary(max_size=60))
def test_whatever_comes_in_is_read_or_refused(text, data):
    for content in (text.encode("utf-8", "surrogatepass"), data, icbc(text.replace("\x00", ""))):
        with pytest.raises(Invalid):
            read_statement(content, filename="x.csv")


# Fingerprints


def marks(statement: Statement) -> tuple[str, ...]:
    return fingerprints(statement, key=b"a key of the tests")


def test_a_file_imported_again_gives_the_same_fingerprints():
    assert marks(sample(ICBC_FILE)) == marks(sample(ICBC_FILE))
    assert len(set(marks(sample(ICBC_FILE)))) == 60


def test_two_equal_transfers_in_one_file_are_two():
    again = FIRST.replace('"26,000.00"', '"51,000.00"')
    first, second = marks(read_statement(icbc(FIRST, again), filename="x.csv"))
    assert first != second
    assert marks(read_statement(icbc(FIRST), filename="x.csv")) == (first,)


def test_two_chinese_payers_of_one_amount_in_one_second_are_two():
    other = FIRST.replace("某甲机械", "某丁机械").replace('"26,000.00"', '"51,000.00"')
    assert len(set(marks(read_statement(icbc(FIRST, other), filename="x.csv")))) == 2


def test_an_overlapping_file_repeats_only_the_fingerprints_of_the_overlap():
    first = set(marks(read_statement(icbc(FIRST, SECOND), filename="x.csv")))
    second = set(marks(read_statement(icbc(SECOND, THIRD), filename="x.csv")))
    assert len(first & second) == 1
    assert len(first | second) == 3


def test_a_bank_serial_identifies_an_entry_even_where_its_text_changed():
    entry = sample("layout_cmb.xlsx").entries[1]
    statement = replace(sample("layout_cmb.xlsx"), entries=(entry,))
    reworded = replace(statement, entries=(replace(entry, remark="另一说法"),))
    fee = replace(statement, entries=(replace(entry, amount_fen=500, direction=Direction.DEBIT),))
    assert marks(statement) == marks(reworded)
    assert marks(statement) != marks(fee)


def test_fingerprints_depend_on_the_key_and_on_our_account():
    statement = sample(ICBC_FILE)
    assert not set(marks(statement)) & set(fingerprints(statement, key=b"another key"))
    assert not set(marks(statement)) & set(marks(replace(statement, account=OWN)))
