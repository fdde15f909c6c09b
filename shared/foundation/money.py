"""Money as integer fen: parsing, formatting, capitals and rounding. Used by every service that handles amounts."""

import re
from decimal import ROUND_HALF_UP, Decimal

import cn2an

from shared.foundation.errors import Invalid

_AMOUNT = re.compile(r"-?(?:[0-9]{1,13}|[0-9]{1,3}(?:,[0-9]{3}){1,4})(?:\.[0-9]{1,2})?")


def fen(amount: str | Decimal) -> int:
    """Convert yuan, as text ("25,000.00") or Decimal, to fen.

    Strict: commas only between thousands, at most two decimals, no sign but a leading minus, no exponent. Raises
    Invalid for anything else, because a guessed amount is worse than none.
    """
    text = f"{amount:f}" if isinstance(amount, Decimal) else amount.strip()
    if not _AMOUNT.fullmatch(text):
        raise Invalid(
            "金额“{text}”无法识别，应为“25,000.00”这样最多两位小数的数字。",
            code="money.unreadable",
            values={"text": text[:40]},
        )
    return int(Decimal(text.replace(",", "")) * 100)


def yuan(amount_fen: int) -> str:
    """Format fen as yuan: 2500000 -> "25,000.00"."""
    return f"{Decimal(amount_fen) / 100:,.2f}"


def capitals(amount_fen: int) -> str:
    """Format fen in Chinese capitals, for receipts and letters: 2500000 -> "贰万伍仟元整"."""
    return str(cn2an.an2cn(f"{Decimal(amount_fen) / 100:.2f}", "rmb"))


def half_up(amount: Decimal) -> int:
    """Round to a whole number, halves away from zero, as tax law requires. Python's `round` rounds half to even."""
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))
