"""Money: parsing, formatting, capitals and rounding."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.foundation.errors import Invalid
from shared.foundation.money import capitals, fen, half_up, yuan


def test_amounts_of_statements_are_parsed_to_fen():
    assert fen("25,000.00") == 2_500_000
    assert fen("25000") == 2_500_000
    assert fen("0.01") == 1
    assert fen("1.5") == 150
    assert fen(" 1,396,667.03\t") == 139_666_703
    assert fen("-10.50") == -1_050
    assert fen(Decimal("24990.00")) == 2_499_000
    assert fen(Decimal("1E+3")) == 100_000


@pytest.mark.parametrize(
    "text",
    ["", "-", "2,5000.00", "25,00", ",250", "1.234", "1e3", "+5", "１00", "٣", "NaN", "25,000.00元", "1 000", "9" * 14],
)
def test_an_ambiguous_amount_is_refused(text):
    with pytest.raises(Invalid, match="无法识别"):
        fen(text)


@pytest.mark.parametrize("amount", [Decimal("NaN"), Decimal("Infinity"), Decimal("0.001")])
def test_a_decimal_that_is_not_an_amount_is_refused(amount):
    with pytest.raises(Invalid):
        fen(amount)


def test_fen_are_formatted_as_yuan_with_thousands_separators():
    assert yuan(2_500_000) == "25,000.00"
    assert yuan(1) == "0.01"
    assert yuan(0) == "0.00"
    assert yuan(-1_500_000) == "-15,000.00"


@given(st.integers(min_value=-(10**14), max_value=10**14))
def test_formatting_and_parsing_return_the_same_amount(amount_fen):
    assert fen(yuan(amount_fen)) == amount_fen


@pytest.mark.parametrize(
    ("amount_fen", "words"),
    [
        (2_500_000, "贰万伍仟元整"),
        (4_000_000, "肆万元整"),
        (2_499_000, "贰万肆仟玖佰玖拾元整"),
        (1, "壹分"),
        (10, "壹角"),
        (100_508, "壹仟零伍元零捌分"),
        (2_500_050, "贰万伍仟元伍角"),
        (200_000_000, "贰佰万元整"),
        (0, "零元整"),
    ],
)
def test_capitals_have_the_form_of_receipts(amount_fen, words):
    assert capitals(amount_fen) == words


def test_halves_round_away_from_zero():
    assert [half_up(Decimal(text)) for text in ("0.5", "1.5", "2.5", "2.4999", "-2.5")] == [1, 2, 3, 2, -3]
