"""Convert entries and decisions to lines of the double-entry ledger, whose sum is always zero. Called by billing's
actions.

Positive fen are debits. Received money stays in suspense until it is decided; a decision moves it on. Undoing a
decision posts the same lines with the opposite sign.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from services.billing.states import LedgerAccount


@dataclass(frozen=True)
class Line:
    """One line: an account, its application (empty for none), and fen."""

    account: LedgerAccount
    application_id: str
    fen: int


def arrival(signed_fen: int) -> tuple[Line, ...]:
    """Return the lines of an entry as the bank booked it: positive is a receipt."""
    return Line(LedgerAccount.BANK, "", signed_fen), Line(LedgerAccount.SUSPENSE, "", -signed_fen)


def allocation(allocations: Mapping[str, int], unapplied_fen: int, unapplied_of: str) -> tuple[Line, ...]:
    """Return the lines of paid fees; a negative allocation reverses one. The rest is unapplied, of one application if
    known."""
    lines = [Line(LedgerAccount.FEE, application_id, -fen) for application_id, fen in allocations.items()]
    return tuple([*lines, Line(LedgerAccount.UNAPPLIED, unapplied_of, -unapplied_fen)] if unapplied_fen else lines)


def to_account(account: LedgerAccount, signed_fen: int, application_id: str = "") -> tuple[Line, ...]:
    """Return the line that books the whole entry to one account."""
    return (Line(account, application_id, -signed_fen),)


def decision(signed_fen: int, parts: Iterable[Line]) -> tuple[Line, ...]:
    """Move an entry out of suspense to `parts`. Raises ValueError unless they sum to the entry's amount."""
    lines = tuple(parts)
    if sum(line.fen for line in lines) != -signed_fen:
        raise ValueError(f"decision of {-sum(line.fen for line in lines)} for an entry of {signed_fen}")
    return (*lines, Line(LedgerAccount.SUSPENSE, "", signed_fen))


def undone(lines: Iterable[Line]) -> tuple[Line, ...]:
    """Return the counter-posting of lines that were posted before."""
    return tuple(replace(line, fen=-line.fen) for line in lines)
