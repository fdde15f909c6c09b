"""A bank statement in a common form, independent of the bank. Built by statements, used by matching."""

import hashlib
import hmac
import json
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from services.billing.rules.matching.names import comparable


class Direction(StrEnum):
    """Direction from the own account's view: the bank's 贷方 is a receipt."""

    CREDIT = "CREDIT"
    DEBIT = "DEBIT"


@dataclass(frozen=True)
class Entry:
    """One booked transaction. The amount is always positive; `direction` is its sign."""

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

    `covers_from` and `covers_to` are half-open. If the file states its period, they are that period. Its last day may
    not be over when the file was made, so code that concludes from a missing entry must cap the period at the time of
    import. `account` is empty if the file does not name it.
    """

    layout: str
    account: str
    opening_fen: int | None
    closing_fen: int | None
    covers_from: datetime
    covers_to: datetime
    entries: tuple[Entry, ...]


def fingerprints(statement: Statement, *, key: bytes) -> tuple[str, ...]:
    """Return one keyed fingerprint for each entry, in order. The same transaction imported again has the same one.

    The fingerprint uses the bank's serial if present, else all fields of the entry. Repetitions are counted, so two
    equal transfers in one file stay two, while the same file, or an overlapping one, repeats known fingerprints. It is
    keyed because the fields include account numbers; a plain digest would let anyone search for them.
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
    """Return the identifying fields. The serial is not enough: banks give a transfer and its fee, or its reversal, the
    same one."""
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
