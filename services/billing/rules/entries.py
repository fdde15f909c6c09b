"""What a bank statement says once it is read, whichever bank wrote it. Made by statements, used by matching."""

import hashlib
import hmac
import json
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from services.billing.rules.names import comparable


class Direction(StrEnum):
    """Seen from our account: the bank's 贷方 is our receipt."""

    CREDIT = "CREDIT"
    DEBIT = "DEBIT"


@dataclass(frozen=True)
class Entry:
    """One booked transaction. The amount is always positive; the direction says which way the money went."""

    line: int
    booked_at: datetime
    direction: Direction
    amount_fen: int
    counterparty_name: str
    counterparty_account: str
    account_reliable: bool
    remark: str
    summary: str
    serial: str | None
    is_reversal: bool
    balance_fen: int | None

    @property
    def signed_fen(self) -> int:
        return self.amount_fen if self.direction is Direction.CREDIT else -self.amount_fen


@dataclass(frozen=True)
class Statement:
    """The entries of one own account in booking order.

    `covers_from` and `covers_to` are half-open. Where the file names its period, they are that period, whose last day
    may not be over when the file was made: whoever concludes that nothing more came caps it at the time of import.
    `account` is empty where the file does not name it.
    """

    layout: str
    account: str
    opening_fen: int | None
    closing_fen: int | None
    covers_from: datetime
    covers_to: datetime
    entries: tuple[Entry, ...]


def fingerprints(statement: Statement, *, key: bytes) -> tuple[str, ...]:
    """One keyed fingerprint for each entry, in order: the same transaction imported again has the same one.

    By the bank's serial where there is one, else by all that the entry says. Either is counted, so that two equal
    transfers in one file stay two, while the same file, or an overlapping one, gives what is known already. Keyed,
    because the parts include account numbers, which a plain digest would let anybody search for.
    """
    seen: Counter[str] = Counter()
    marks = []
    for entry in statement.entries:
        identity = json.dumps([statement.account, *_identity(entry)], ensure_ascii=False)
        seen[identity] += 1
        message = f"{identity}#{seen[identity]}".encode()
        marks.append(hmac.new(key, message, hashlib.sha256).hexdigest())
    return tuple(marks)


def _identity(entry: Entry) -> list[str | int]:
    """The serial does not stand alone: banks give a transfer and its fee, or its reversal, the same one."""
    if entry.serial is not None:
        return ["serial", entry.serial, entry.direction, entry.amount_fen]
    return [
        "content",
        entry.booked_at.astimezone(UTC).isoformat(),
        entry.direction,
        entry.amount_fen,
        comparable(entry.counterparty_name),
        entry.counterparty_account,
        comparable(f"{entry.summary} {entry.remark}"),
    ]
