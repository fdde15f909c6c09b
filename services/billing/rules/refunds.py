"""How much of which payment goes back. Called by billing's refund actions, before a second person approves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.errors import Conflict
from shared.money import yuan


@dataclass(frozen=True)
class Receipt:
    """A credit that paid for an application, and what of it is still held: neither refunded nor reversed. In fen."""

    entry_id: str
    booked_at: datetime
    held_fen: int


@dataclass(frozen=True)
class RefundPart:
    """What goes back for one receipt: to the account that it came from, never to another."""

    entry_id: str
    amount_fen: int


def refund_parts(receipts: Sequence[Receipt], *, keep_fen: int) -> tuple[RefundPart, ...]:
    """All that is held beyond `keep_fen`, newest receipt first, each part no larger than its receipt.

    `keep_fen` is the fee for a seat that is kept (only an overpayment goes back) and 0 for a person who was not
    admitted, whose seat lapsed or who withdrew before the start. Nothing to refund gives an empty tuple. Raises
    Conflict if more is to be kept than is held.
    """
    held_fen = sum(receipt.held_fen for receipt in receipts)
    if held_fen < keep_fen:
        raise Conflict(
            f"现存款项 {yuan(held_fen)} 元不足应留的 {yuan(keep_fen)} 元，没有可退款项。", code="refund.nothing"
        )
    left_fen, parts = held_fen - keep_fen, []
    for receipt in sorted(receipts, key=lambda each: (each.booked_at, each.entry_id), reverse=True):
        part_fen = min(receipt.held_fen, left_fen)
        if part_fen > 0:
            parts.append(RefundPart(receipt.entry_id, part_fen))
            left_fen -= part_fen
    return tuple(parts)
