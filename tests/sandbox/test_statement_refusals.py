import io
import random
import zipfile

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.foundation.errors import Invalid
from tests.billing.statement_files import (
    CCB_COLUMNS,
    FIRST,
    ICBC_COLUMNS,
    OWN,
    SAMPLES,
    SECOND,
    csv_file,
    icbc,
    read_statement,
    refusal,
    sample,
)


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (FIRST.replace("2021-11-23-09.10.11.000001", "2021-13-45"), "第 3 行交易时间“2021-13-45”无法识别"),
        (FIRST.replace('"25,000.00"', '"25,000.001"'), "第 3 行：金额“25,000.001”无法识别"),
        (FIRST.replace(",,汇款", ",,汇款", 1).replace("贷,,", '贷,"1.00",'), "第 3 行借方和贷方同时有金额"),
        (FIRST.replace("贷", "借"), "第 3 行借贷标志“借”与金额所在的列不符"),
    ],
)
def test_an_invalid_line_is_refused_with_its_number(row, problem):
    assert problem in refusal(icbc(row))


def test_an_unknown_layout_is_refused_with_the_expected_columns():
    message = refusal(csv_file("姓名,电话", "张三丰,无"))
    assert "没有找到认识的表头" in message
    for column in ("对方单位名称", "借方发生额(支取)", "收(付)方名称", "交易金额", "camt.053.001.02"):
        assert column in message


def test_a_header_below_the_twentieth_row_is_not_searched():
    titles = ["说明"] * 20
    assert "前 20 行" in refusal(csv_file(*titles, ICBC_COLUMNS, FIRST))
    assert len(read_statement(csv_file(*titles[1:], ICBC_COLUMNS, FIRST), filename="x.csv").entries) == 1


def test_a_file_without_transactions_is_refused():
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


def test_a_file_of_more_than_fifty_thousand_rows_is_refused():
    assert "最多 50,000 行" in refusal(b"a,b\n" * 50_001)


def test_a_workbook_that_unpacks_beyond_the_limit_is_refused():
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("xl/worksheets/sheet1.xml", b" " * (101 * 1024 * 1024))
    assert "文件太大" in refusal(target.getvalue())


def test_a_workbook_with_a_far_away_cell_is_refused():
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
def test_arbitrary_input_is_refused(text, data):
    for content in (text.encode("utf-8", "surrogatepass"), data, icbc(text.replace("\x00", ""))):
        with pytest.raises(Invalid):
            read_statement(content, filename="x.csv")
