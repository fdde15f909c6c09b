"""Net and tax of an invoice, and the rate in force. Called by billing's tasks.

Only the self-paid part is invoiced (notice, clause 4); subsidies never are.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from shared.money import half_up

TAX_CODE = "3070201020000000000"
"""Commodity and service tax code of 非学历教育服务."""
RATES: tuple[tuple[date, Decimal], ...] = ((date(2016, 5, 1), Decimal("0.03")),)
"""From which day which rate; the simple method for non-degree education (财税〔2016〕68号, item 3). The institution's
accountant owns this table."""


@dataclass(frozen=True)
class Tax:
    """gross = net + tax, all in fen."""

    rate: Decimal
    net_fen: int
    tax_fen: int


def tax_of(gross_fen: int, *, on: date) -> Tax:
    """Net is gross / (1 + rate) rounded half up to the fen; the tax is the rest, never net times rate, which differs."""
    rate = max(row for row in RATES if row[0] <= on)[1]
    net_fen = half_up(Decimal(gross_fen) / (1 + rate))
    return Tax(rate, net_fen, gross_fen - net_fen)
