"""Billing's documents: amounts agree, and no document can be mistaken for an invoice."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from services.billing.documents import (
    InvoiceRequest,
    OpenItem,
    Party,
    Receipt,
    Reconciliation,
    SampleInvoice,
    invoice_request,
    receipt_acknowledgement,
    reconciliation_statement,
    sample_invoice,
)
from tests.printed import (
    LATIN_FIRM,
    LONG_FIRM,
    MARKUP,
    RARE,
    ink,
    lines,
    pages,
    pictures,
    squeezed,
    stays_within_margins,
    words,
)

TITLE = "2021年中小企业经营管理领军人才“专精特新”专题培训"
INSTITUTION = "北京示例领军信息技术研究院有限公司"
FIRM = "重庆屹澜汽车零部件有限公司"
NOW = datetime(2021, 12, 16, 1, tzinfo=UTC)
TODAY = date(2021, 12, 16)

RECEIPT = Receipt(
    number="SK-2021-000123",
    programme=TITLE,
    institution=INSTITUTION,
    payer="杨𬍛",
    student="杨𬍛",
    firm=FIRM,
    payment_reference="ZX21000889",
    amount_fen=2_500_000,
    booked_on=date(2021, 12, 10),
    bank_reference="20211210000123",
    issued_on=TODAY,
    now=NOW,
)
BUYER = Party(FIRM, "91500103MA5EXAMPLE", "重庆市示例路1号", "023-00000000", "示例银行", "50050000000000001234")
SELLER = Party(INSTITUTION, "91110108MA00EXAMPL")
REQUEST = InvoiceRequest(
    number="KP-2021-000123",
    programme=TITLE,
    institution=INSTITUTION,
    kind="normal",
    buyer=BUYER,
    email="cw@example.com",
    tax_code="3070201020000000000",
    rate=Decimal("0.06"),
    net_fen=2_358_491,
    tax_fen=141_509,
    gross_fen=2_500_000,
    student="杨𬍛",
    payer=FIRM,
    remark="KP-2021-000123",
    requested_by="财务甲",
    issued_on=TODAY,
    now=NOW,
)
SAMPLE = SampleInvoice(
    number="22112000000000000123",
    kind="normal",
    buyer=BUYER,
    seller=SELLER,
    rate=Decimal("0.06"),
    net_fen=2_358_491,
    tax_fen=141_509,
    gross_fen=2_500_000,
    remark="KP-2021-000123",
    drawer="系统试用",
    issued_on=TODAY,
    now=NOW,
)
BALANCED = Reconciliation(
    programme=TITLE,
    institution=INSTITUTION,
    account_number="0200009999200066401",
    starts_on=date(2021, 12, 1),
    ends_on=date(2021, 12, 31),
    opening_fen=100_000_000,
    applied_fen=125_000_000,
    unapplied_fen=1_500_000,
    unmatched_fen=2_500_000,
    ignored_fen=1,
    refunds_fen=12_500_000,
    reversals_fen=2_500_000,
    other_debits_fen=0,
    closing_fen=214_000_001,
    open_items=(OpenItem(date(2021, 12, 10), "不明付款人", 2_500_000, "附言无缴费识别码"),),
    now=NOW,
)


def test_a_receipt_prints_the_amount_in_digits_and_capitals_and_the_reference():
    printed = words(receipt_acknowledgement(RECEIPT))

    assert "编号：SK-2021-000123" in printed
    assert (
        "缴费识别码ZX21000889金额（小写）¥25,000.00金额（大写）人民币贰万伍仟元整银行入账日期2021年12月10日" in printed
    )
    assert "银行凭证号20211210000123" in printed


@pytest.mark.parametrize("pdf", [receipt_acknowledgement(RECEIPT), invoice_request(REQUEST)])
def test_receipts_and_requests_state_twice_that_they_are_no_invoice(pdf):
    (page,) = pages(pdf)

    assert page.startswith("本单不是发票本单不是发票")
    assert "发票号码" not in page


def test_an_invoice_request_never_recomputes_amounts():
    printed = words(invoice_request(replace(REQUEST, net_fen=2_358_490, tax_fen=141_510)))

    assert "编号：KP-2021-000123" in printed
    assert "不含税金额税率／征收率税额价税合计23,584.906%1,415.1025,000.00价税合计（大写）人民币贰万伍仟元整" in printed
    assert "开票内容*非学历教育服务*培训费税收编码3070201020000000000" in printed
    assert "发票种类普通发票" in printed
    assert "发票种类增值税专用发票" in words(invoice_request(replace(REQUEST, kind="special")))


@pytest.mark.parametrize(
    ("rate", "shown"), [("0.06", "6%"), ("0.03", "3%"), ("0.01", "1%"), ("0.10", "10%"), ("0.015", "1.5%"), ("0", "0%")]
)
def test_rates_print_without_trailing_zeros(rate, shown):
    assert f"23,584.91{shown}1,415.09" in words(invoice_request(replace(REQUEST, rate=Decimal(rate))))


def test_a_sample_invoice_has_the_lines_of_a_digital_invoice():
    printed = words(sample_invoice(SAMPLE))

    assert "电子发票（普通发票）" in printed
    assert "发票号码：22112000000000000123" in printed
    assert "开票日期：2021年12月16日" in printed
    assert f"名称：{FIRM}" in printed
    assert f"名称：{INSTITUTION}" in printed
    assert "*非学历教育服务*培训费次123,584.9123,584.916%1,415.09" in printed
    assert "贰万伍仟元整（小写）¥25,000.00" in printed


def test_a_sample_invoice_carries_its_mark_across_the_page_and_below():
    printed = sample_invoice(SAMPLE)
    picture = pictures(printed)[0]
    width, height = picture.size
    middle = picture.crop((width // 4, height // 4, width * 3 // 4, height * 3 // 4))
    see_through = sum(middle.histogram()[190:210])

    assert "样张：本单不是发票，仅供系统试用，不得报销和抵扣" in words(printed)
    assert words(printed).count("样张") == 2
    assert see_through > middle.width * middle.height / 20


@pytest.mark.parametrize("kind", ["normal", "special"])
def test_the_number_of_a_sample_invoice_stays_on_one_line(kind):
    assert "22112000000000000123" in "\n".join(lines(sample_invoice(replace(SAMPLE, kind=kind))))


def test_a_reconciliation_adds_up_from_opening_to_closing():
    printed = words(reconciliation_statement(BALANCED))

    assert "期初余额1,000,000.00加：本期贷方（收款）1,290,000.01" in printed
    assert "减：本期借方（付款）150,000.00" in printed
    assert "应有期末余额2,140,000.01银行对账单期末余额2,140,000.01差额0.00结论：调节相符。" in printed
    assert "未匹配明细（1笔）：" in printed
    assert "2021-12-10不明付款人25,000.00附言无缴费识别码合计25,000.00" in squeezed(printed)


def test_a_difference_of_one_fen_is_printed_in_words():
    printed = words(reconciliation_statement(replace(BALANCED, closing_fen=214_000_000, open_items=())))

    assert "差额-0.01结论：调节不符，差额-0.01元，须查明。" in printed
    assert "未匹配明细" not in printed


def test_open_items_repeat_their_header_on_each_page():
    printed = pages(reconciliation_statement(replace(BALANCED, open_items=BALANCED.open_items * 60)))

    assert len(printed) > 2
    assert [page for page in printed[1:] if "入账日期付款人金额原因" not in page and "编制时间" not in page] == []
    assert [page for page in printed if "编制：复核：" not in page] == []


@pytest.mark.parametrize("firm", [MARKUP, LONG_FIRM, LATIN_FIRM])
def test_names_of_any_kind_print_literally_and_inside_the_page(firm):
    buyer = replace(BUYER, name=firm)
    item = replace(BALANCED.open_items[0], payer=firm)
    sheets = (
        receipt_acknowledgement(replace(RECEIPT, firm=firm, student=RARE)),
        invoice_request(replace(REQUEST, buyer=buyer, student=RARE)),
    )
    sample = sample_invoice(replace(SAMPLE, buyer=buyer, remark=RARE))
    statement = reconciliation_statement(replace(BALANCED, open_items=(item,), institution=firm))

    assert [sheet for sheet in sheets if squeezed(firm) not in words(sheet) or RARE not in words(sheet)] == []
    assert squeezed(firm) in words(statement)
    assert RARE in words(sample)
    assert len(pages(sample)) == 1
    assert min(ink(sample)[0]) >= 5
    assert stays_within_margins(statement)
    assert [sheet for sheet in sheets if not stays_within_margins(sheet, top=20)] == []


def test_equal_documents_are_equal_bytes():
    assert sample_invoice(SAMPLE) == sample_invoice(SAMPLE)
    assert receipt_acknowledgement(RECEIPT) == receipt_acknowledgement(RECEIPT)
