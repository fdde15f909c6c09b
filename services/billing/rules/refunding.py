"""Which money is refunded, and to whom: always to the account that paid it. Called by billing's refund actions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.billing.rules.matching.names import comparable


@dataclass(frozen=True)
class Held:
    """The remaining money of one received entry for one application, in fen, and its payer.

    `account_index` is the keyed hash of the paying account; it identifies the account only if `account_reliable`.
    """

    entry_id: str
    payer: str
    account_index: str
    account_reliable: bool
    fee_fen: int
    unapplied_fen: int

    @property
    def total_fen(self) -> int:
        return self.fee_fen + self.unapplied_fen


def by_paying_account(held: Iterable[Held]) -> list[Sequence[Held]]:
    """Group by paying account, in order of first payment. If the account is unreliable, the payer's name decides, and
    the group stays separate from reliable ones."""
    groups: dict[tuple[str, str], list[Held]] = {}
    for each in held:
        if each.total_fen > 0:
            sure = each.account_index if each.account_reliable else ""
            groups.setdefault((sure, "" if sure else comparable(each.payer)), []).append(each)
    return list(groups.values())


@dataclass(frozen=True)
class Approved:
    """An approved refund that waits for its debit, in fen."""

    refund_id: str
    application_id: str
    payee: str
    account_index: str
    account_reliable: bool
    amount_fen: int


def refunds_settled_by(
    debit_fen: int,
    payee: str,
    account_index: str,
    account_reliable: bool,
    applications: set[str],
    approved: Sequence[Approved],
) -> tuple[str, ...]:
    """Return the ids of the refunds that a debit paid, empty if it agrees with none.

    They must go to this payee, belong to these applications if the debit names any, and equal its amount: one of them,
    or else all of them together.
    """
    same = [
        each
        for each in approved
        if (not applications or each.application_id in applications)
        and is_payee(each, payee, account_index, account_reliable)
    ]
    for each in same:
        if each.amount_fen == debit_fen:
            return (each.refund_id,)
    return tuple(each.refund_id for each in same) if same and sum(e.amount_fen for e in same) == debit_fen else ()


def is_payee(refund: Approved, payee: str, account_index: str, account_reliable: bool) -> bool:
    """Return whether a debit went to the refund's payee: by account if both are reliable, else by name."""
    if refund.account_reliable and account_reliable:
        return refund.account_index == account_index
    return comparable(refund.payee) == comparable(payee)
