"""Input and output of matching as plain values. Used by matching and by billing's import actions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from services.billing.rules.statements.entries import Direction


class Outcome(StrEnum):
    """Outcome of an entry. Only AUTO and the counter-bookings of rule 1 need no person."""

    AUTO = "AUTO"
    SUGGEST = "SUGGEST"
    AMBIGUOUS = "AMBIGUOUS"
    CONFLICT = "CONFLICT"
    NO_MATCH = "NO_MATCH"
    IGNORE = "IGNORE"
    DUPLICATE = "DUPLICATE"
    REVERSAL = "REVERSAL"
    REFUND_OUT = "REFUND_OUT"
    REFUND_BOUNCED = "REFUND_BOUNCED"


class Flag(StrEnum):
    PARTIAL = "PARTIAL"
    """Less than the amount due: the rest stays due, however small."""
    PAYER_NOT_BUYER = "PAYER_NOT_BUYER"
    """A person paid for the firm that is the buyer of the invoice: a statement of payment on its behalf is needed."""
    SUBSIDY = "SUBSIDY"
    """The payer is a public treasury; subsidies are not part of the self-paid fee."""
    LATE = "LATE"
    """Booked at the application's deadline for payment or after it."""
    REFUND_DUE = "REFUND_DUE"
    """The application has no claim to a seat: the receipt is refunded in full."""
    PAYEE_NOT_PAYER = "PAYEE_NOT_PAYER"
    """A refund that did not go to the account that paid."""


class FeeState(StrEnum):
    """Whether an application's money is kept or must be refunded (rejected, not selected, seat released)."""

    OPEN = "OPEN"
    REFUND_DUE = "REFUND_DUE"


@dataclass(frozen=True)
class FeeAccount:
    """The self-paid fee of one application: possible payers, amount due, amount allocated. Amounts in fen."""

    application_id: str
    application_no: str
    reference: str
    firm_name: str
    former_name: str
    credit_code: str
    student_name: str
    due_fen: int
    allocated_fen: int
    state: FeeState = FeeState.OPEN
    pay_by: datetime | None = None

    @property
    def outstanding_fen(self) -> int:
        return max(self.due_fen - self.allocated_fen, 0)


@dataclass(frozen=True)
class PriorEntry:
    """An entry that was decided before, with its movements. Amounts in fen, signed as in Proposal.

    `counterparty_account` may be a keyed hash if the number is sealed, as long as the incoming entry has the same kind.
    It is empty if the number is unknown or unreliable. `taken_back` is true once a later entry reversed or returned it.
    """

    entry_id: str
    fingerprint: str
    booked_at: datetime
    direction: Direction
    amount_fen: int
    counterparty_name: str
    counterparty_account: str
    outcome: Outcome
    allocations: Mapping[str, int] = field(default_factory=dict)
    unapplied_fen: int = 0
    taken_back: bool = False
    from_this_file: bool = False


@dataclass(frozen=True)
class Proposal:
    """The decision on one entry, or the proposal that a person confirms.

    `allocations` (application id -> fen) and `unapplied_fen` (money of a known payer that pays nothing) are positive
    for received and negative for outgoing money. They add up to the entry's amount for AUTO and SUGGEST and to minus
    the amount for REFUND_OUT; a REVERSAL or REFUND_BOUNCED undoes exactly what its `counterpart_id` moved; the other
    outcomes move nothing. `candidates` are application ids for the person who decides, the likeliest first.
    """

    outcome: Outcome
    reason: str
    allocations: Mapping[str, int] = field(default_factory=dict)
    unapplied_fen: int = 0
    candidates: tuple[str, ...] = ()
    flags: frozenset[Flag] = frozenset()
    counterpart_id: str | None = None
