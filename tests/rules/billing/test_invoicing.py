from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.billing.rules.invoices.buyers import Buyer, InvoiceKind, check_buyer
from services.billing.rules.invoices.vat import (
    TRAINING_ITEM,
    TRAINING_TAX_CODE,
    TaxRate,
    VatSplit,
    rate_on,
    red_split,
    vat_split,
)
from shared.foundation.errors import Conflict, Invalid

FEE = 2_500_000
SIX, THREE, ONE = Decimal("0.06"), Decimal("0.03"), Decimal("0.01")
rates = st.sampled_from([SIX, THREE, ONE, Decimal(0), Decimal("0.13")])


@pytest.mark.parametrize(
    ("rate", "net_fen", "tax_fen"),
    [(SIX, 2_358_491, 141_509), (THREE, 2_427_184, 72_816), (ONE, 2_475_248, 24_752), (Decimal(0), FEE, 0)],
)
def test_the_fee_splits_into_net_and_tax(rate, net_fen, tax_fen):
    assert vat_split(FEE, rate) == VatSplit(FEE, net_fen, tax_fen)


def test_half_a_fen_goes_to_the_net_amount():
    assert vat_split(3, Decimal("0.2")) == VatSplit(3, 3, 0)


@given(st.integers(min_value=1, max_value=10**12), rates)
def test_net_and_tax_are_always_the_gross(gross_fen, rate):
    split = vat_split(gross_fen, rate)
    assert split.net_fen + split.tax_fen == gross_fen
    assert 0 <= split.tax_fen < gross_fen


@pytest.mark.parametrize(("gross_fen", "rate"), [(0, SIX), (-1, SIX), (FEE, Decimal(1)), (FEE, Decimal("-0.01"))])
def test_an_invalid_amount_or_rate_is_refused(gross_fen, rate):
    with pytest.raises(Invalid, match="开票金额必须大于零"):
        vat_split(gross_fen, rate)


def test_the_last_red_letter_takes_the_remainder():
    invoice = vat_split(FEE, SIX)
    first = red_split(invoice, [], 1_000_000, SIX)
    last = red_split(invoice, [first], 1_500_000, SIX)
    assert first == VatSplit(1_000_000, 943_396, 56_604)
    assert last == VatSplit(1_500_000, 1_415_095, 84_905)
    assert vat_split(1_500_000, SIX).tax_fen == 84_906


def test_a_single_red_letter_is_the_invoice_itself():
    invoice = vat_split(FEE, SIX)
    assert red_split(invoice, [], FEE, SIX) == invoice


def test_a_red_letter_cannot_exceed_the_remainder():
    invoice = vat_split(FEE, SIX)
    whole = red_split(invoice, [], FEE, SIX)
    with pytest.raises(Conflict, match=r"超过该发票尚未红冲的 0\.00 元"):
        red_split(invoice, [whole], 1, SIX)


@given(st.lists(st.integers(min_value=1, max_value=60), min_size=1, max_size=12), rates)
def test_all_red_letters_add_up_to_the_invoice_and_none_is_negative(parts, rate):
    invoice = vat_split(sum(parts), rate)
    reds: list[VatSplit] = []
    for part in parts:
        reds.append(red_split(invoice, reds, part, rate))
    assert sum(red.net_fen for red in reds) == invoice.net_fen
    assert sum(red.tax_fen for red in reds) == invoice.tax_fen
    assert min(min(red.net_fen, red.tax_fen) for red in reds) >= 0


RATES = (
    TaxRate(THREE, date(2019, 1, 1), date(2023, 1, 1), preference_code="08", basis="简易计税"),
    TaxRate(ONE, date(2023, 1, 1), date(2028, 1, 1), preference_code="01"),
)


def test_the_rate_is_that_of_the_day():
    assert rate_on(RATES, date(2022, 12, 31)).rate == THREE
    assert rate_on(RATES, date(2023, 1, 1)).rate == ONE
    assert rate_on([*RATES, TaxRate(SIX, date(2028, 1, 1))], date(2030, 1, 1)).rate == SIX


def test_a_day_needs_exactly_one_rate():
    with pytest.raises(Invalid, match="2028-01-01 没有可用的税率"):
        rate_on(RATES, date(2028, 1, 1))
    with pytest.raises(Invalid, match="有 2 条税率同时有效"):
        rate_on([*RATES, TaxRate(SIX, date(2020, 1, 1))], date(2021, 1, 1))


def test_training_is_classified_as_non_degree_education():
    assert (TRAINING_TAX_CODE, len(TRAINING_TAX_CODE)) == ("3070201020000000000", 19)
    assert TRAINING_ITEM == "*非学历教育服务*培训费"


def buyer(**changes: str) -> Buyer:
    fields = {"title": "重庆甲木数控机床有限公司", "tax_number": "91500000MA5UXXXX0X"} | changes
    kind = InvoiceKind(fields.pop("kind", InvoiceKind.NORMAL))
    return Buyer(kind=kind, **fields)


CONTACT = {
    "address": "重庆市某区某路1号",
    "phone": "023-00000000",
    "bank": "某某银行某支行",
    "account_number": "5000001",
}


def field_errors(buyer: Buyer, **options: bool) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as refused:
        check_buyer(buyer, **options)
    assert str(refused.value).startswith("开票信息有误")
    return [(error.field, error.code) for error in refused.value.field_errors]


@pytest.mark.parametrize(
    "valid_buyer",
    [
        buyer(),
        buyer(tax_number=""),
        buyer(title="企" * 100, remark="注" * 230, email="a" * 72),
        buyer(kind=InvoiceKind.SPECIAL, **CONTACT),
    ],
)
def test_a_buyer_within_the_workbook_limits_is_accepted(valid_buyer):
    assert check_buyer(valid_buyer) is None  # type: ignore[func-returns-value]


@pytest.mark.parametrize(
    ("field", "length"),
    [
        ("title", 101),
        ("remark", 231),
        ("email", 73),
        ("address", 201),
        ("bank", 101),
        ("phone", 21),
        ("account_number", 35),
    ],
)
def test_one_character_above_the_workbook_limit_is_refused(field, length):
    assert field_errors(buyer(**{field: "字" * length})) == [(field, "too_long")]


def test_all_errors_are_reported_together():
    assert field_errors(buyer(title=" ", tax_number="91-50", remark="注" * 231)) == [
        ("remark", "too_long"),
        ("title", "required"),
        ("tax_number", "format"),
    ]


def test_a_special_invoice_needs_all_buyer_data_unless_waived():
    special = buyer(kind=InvoiceKind.SPECIAL, tax_number="")
    needed = ["tax_number", "address", "phone", "bank", "account_number"]
    assert field_errors(special) == [(name, "required") for name in needed]
    assert field_errors(special, special_needs_contact=False) == [("tax_number", "required")]


@pytest.mark.parametrize("number", ["915000000000001", "91500000ma5uxxxx0x", "９1500000MA5UXXXX0X"])
def test_an_old_or_misspelled_tax_number_is_refused(number):
    assert field_errors(buyer(tax_number=number)) == [("tax_number", "format")]
