"""Arithmetic of value-added tax: dated rates, the split of an amount, red letters. Called by billing's invoice actions.

Rates are data of the institute's accountant, never constants here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from shared.foundation.errors import Conflict, Invalid, Message
from shared.foundation.money import half_up, yuan

TRAINING_TAX_CODE = "3070201020000000000"
TRAINING_ITEM = "*非学历教育服务*培训费"
"""The classification of non-degree training and its printed form, with the short name between asterisks."""


@dataclass(frozen=True)
class TaxRate:
    """A rate and its validity: from `valid_from` up to but excluding `valid_until` (None: until further notice).

    `preference_code` is the bureau's code of a preference (01, 03, 08), empty for the plain rate. `basis` names the law
    or notice.
    """

    rate: Decimal
    valid_from: date
    valid_until: date | None = None
    preference_code: str = ""
    basis: str = ""


@dataclass(frozen=True)
class VatSplit:
    """Gross = net + tax, in fen."""

    gross_fen: int
    net_fen: int
    tax_fen: int


def rate_on(rates: Sequence[TaxRate], day: date) -> TaxRate:
    """Return the one rate of that day. Raises Invalid if there is none or more than one: the accountant must decide."""
    valid = [rate for rate in rates if rate.valid_from <= day and (rate.valid_until is None or day < rate.valid_until)]
    if len(valid) != 1:
        problem = Message("有 {count} 条税率同时有效", {"count": len(valid)}) if valid else Message("没有可用的税率")
        values = {"day": day, "problem": problem}
        raise Invalid("{day} {problem}，请由会计在设置中核对税率及其生效日期。", code="invoice.rate", values=values)
    return valid[0]


def vat_split(gross_fen: int, rate: Decimal) -> VatSplit:
    """Split: net = HALF_UP(gross / (1 + rate)), tax = gross - net. Never net times rate, which can differ by a fen."""
    if gross_fen <= 0 or not 0 <= rate < 1:
        raise Invalid("开票金额必须大于零，税率必须在 0 到 1 之间。", code="invoice.amount")
    net_fen = half_up(Decimal(gross_fen) / (1 + rate))
    return VatSplit(gross_fen, net_fen, gross_fen - net_fen)


def red_split(original: VatSplit, earlier_reds: Sequence[VatSplit], gross_fen: int, rate: Decimal) -> VatSplit:
    """Split the next red letter over `gross_fen` of an invoice, as positive amounts.

    The last one takes the remainder of net and tax, so all red letters together equal the invoice; the earlier ones
    leave neither below zero. Raises Conflict if `gross_fen` exceeds the remainder.
    """
    left_gross = original.gross_fen - sum(red.gross_fen for red in earlier_reds)
    left_net = original.net_fen - sum(red.net_fen for red in earlier_reds)
    if gross_fen > left_gross:
        raise Conflict(
            "红冲金额 {gross} 元超过该发票尚未红冲的 {left_gross} 元。",
            code="invoice.red_exceeds",
            values={"gross": yuan(gross_fen), "left_gross": yuan(left_gross)},
        )
    least_net = left_net - (left_gross - gross_fen)
    net_fen = min(max(vat_split(gross_fen, rate).net_fen, least_net), left_net)
    return VatSplit(gross_fen, net_fen, gross_fen - net_fen)
