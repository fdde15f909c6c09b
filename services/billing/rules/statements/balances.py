"""Check that a statement is complete: opening + credits - debits = closing, line by line. Called by statements."""

from collections.abc import Sequence

from services.billing.rules.statements.entries import Entry
from shared.foundation.errors import Invalid
from shared.foundation.money import yuan


def in_booking_order(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """Return the entries oldest first, whichever order the bank printed.

    The running balance decides if present, else the booking times. Raises Invalid with the first line whose balance
    does not follow from the one before: a line is missing, doubled or misread.
    """
    forward, backward = tuple(entries), tuple(reversed(entries))
    newest_first = bool(entries) and entries[0].booked_at > entries[-1].booked_at
    likely, unlikely = (backward, forward) if newest_first else (forward, backward)
    for order in (likely, unlikely):
        if _first_break(order) is None:
            return order
    broken = _first_break(likely)
    assert broken is not None
    entry, expected_fen = broken
    raise Invalid(
        "第 {line} 行余额不连续：按上一笔应为 {expected}，文件中为 {balance}。文件可能缺行、重复或被改动，请从网银重新导出完整明细。",
        code="statement.balance_break",
        values={"line": entry.line, "expected": yuan(expected_fen), "balance": yuan(entry.balance_fen or 0)},
    )


def _first_break(entries: Sequence[Entry]) -> tuple[Entry, int] | None:
    running: int | None = None
    for entry in entries:
        if running is not None:
            running += entry.signed_fen
        if entry.balance_fen is not None:
            if running is not None and running != entry.balance_fen:
                return entry, running
            running = entry.balance_fen
    return None


def opening_and_closing(entries: Sequence[Entry]) -> tuple[int | None, int | None]:
    """Return the balances in fen before the first and after the last entry, or None twice if no balance is printed."""
    total = 0
    for entry in entries:
        total += entry.signed_fen
        if entry.balance_fen is not None:
            opening = entry.balance_fen - total
            return opening, opening + sum(each.signed_fen for each in entries)
    return None, None


def check_totals(opening_fen: int, entries: Sequence[Entry], closing_fen: int) -> None:
    """Raise Invalid if the stated balances do not agree with the entries between them."""
    reached = opening_fen + sum(entry.signed_fen for entry in entries)
    if reached != closing_fen:
        raise Invalid(
            "期初余额 {opening} 加减全部 {count} 笔后为 {reached}，与期末余额 {closing} 不符。文件可能不完整，请从网银重新导出。",
            code="statement.balance_break",
            values={
                "opening": yuan(opening_fen),
                "count": len(entries),
                "reached": yuan(reached),
                "closing": yuan(closing_fen),
            },
        )
