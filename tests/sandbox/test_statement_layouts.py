import csv
import io

from services.billing.rules.statements.entries import Direction
from tests.billing.statement_files import (
    CCB_COLUMNS,
    OWN,
    cmb_rows,
    csv_file,
    icbc,
    read_statement,
    refusal,
    sample,
    shown,
    workbook,
)


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
    assert shown(statement.entries[0])[1:] == (2_500_000, "重庆某甲机械有限公司", "5000001", "培训费；ZX21000113")
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


def test_the_abc_layout_with_title_account_and_footer_is_read():
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


def test_the_boc_layout_selects_the_counterparty_by_direction():
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
    assert statement.entries[0].remark == "培训费；ZX21000113"


def test_the_cmb_layout_is_read_from_csv():
    target = io.StringIO()
    csv.writer(target).writerows(cmb_rows())
    from_csv = read_statement(target.getvalue().encode("utf-8"), filename="x.csv")
    assert from_csv == sample("layout_cmb.xlsx")


def test_a_card_number_stored_as_a_number_is_unreliable():
    rows = cmb_rows()
    account = rows[3].index("收(付)方账号")
    rows[5][account] = 6217001234567890123.0
    entries = read_statement(workbook(*rows), filename="x.xlsx").entries
    assert [each.account_reliable for each in entries[:3]] == [True, False, True]
    assert entries[1].counterparty_account.startswith("62170012345678")


def test_a_card_number_with_an_exponent_is_unreliable():
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


def test_a_negative_receipt_is_an_outgoing_reversal():
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
