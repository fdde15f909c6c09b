"""Ledger balances of an application or an entry. Called by billing's actions, tasks and pages. Amounts are fen."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, func, select

from services.billing.models import BankEntry, FeeAccount, Posting, Refund, RefundSource
from services.billing.rules.refunding import Held
from services.billing.rules.statements.entries import Direction
from services.billing.states import LedgerAccount, RefundState


def allocated_fen(session: Session, application_id: UUID) -> int:
    """Return the amount that pays an application's fee now. An approved refund no longer counts."""
    total = select(func.sum(Posting.fen)).where(
        Posting.account == LedgerAccount.FEE, Posting.application_id == application_id
    )
    return -int(session.exec(total).one() or 0)


def booked_before(session: Session, application_id: UUID, moment: datetime) -> int:
    """Return the amount that still pays an application's fee from entries booked before a moment."""
    total = (
        select(func.sum(Posting.fen))
        .join(BankEntry, col(Posting.entry_id) == col(BankEntry.id))
        .where(
            Posting.account == LedgerAccount.FEE,
            Posting.application_id == application_id,
            col(BankEntry.booked_at) < moment,
        )
    )
    return -int(session.exec(total).one() or 0)


def owed_fen(session: Session, application_id: UUID) -> int:
    """Return all money held for an application: it pays the fee, is unapplied, or was approved for refund and not
    sent."""
    kinds = (LedgerAccount.FEE, LedgerAccount.UNAPPLIED, LedgerAccount.REFUNDS_PAYABLE)
    total = select(func.sum(Posting.fen)).where(
        col(Posting.account).in_(kinds), Posting.application_id == application_id
    )
    return -int(session.exec(total).one() or 0)


def refunded_fen(session: Session, application_id: UUID) -> int:
    """Return the amount refunded for an application by the bank's statements. Bounced refunds do not count."""
    sent = select(func.sum(Refund.amount_fen)).where(
        Refund.application_id == application_id, Refund.state == RefundState.SENT
    )
    return int(session.exec(sent).one() or 0)


def balances_by_application(session: Session, account: LedgerAccount) -> dict[UUID, int]:
    """Return the credit balance of one kind of account by application: the money held for it."""
    totals = (
        select(Posting.application_id, func.sum(Posting.fen))
        .where(Posting.account == account, col(Posting.application_id).is_not(None))
        .group_by(col(Posting.application_id))
    )
    return {application_id: -int(total) for application_id, total in session.exec(totals).all() if application_id}


def completed_at(session: Session, account: FeeAccount) -> datetime:
    """Return the booking time of the entry with which the payments reached the expected amount, in the bank's order."""
    paid = (
        select(BankEntry.booked_at, func.sum(Posting.fen))
        .join(BankEntry, col(Posting.entry_id) == col(BankEntry.id))
        .where(Posting.account == LedgerAccount.FEE, Posting.application_id == account.application_id)
        .group_by(col(BankEntry.id), col(BankEntry.booked_at))
        .order_by(col(BankEntry.booked_at))
    )
    reached, rows = 0, session.exec(paid).all()
    for booked_at, fen in rows:
        reached -= int(fen)
        if reached >= account.expected_fen:
            return booked_at
    return rows[-1][0]


def payments_of(session: Session, application_id: UUID) -> list[tuple[BankEntry, int]]:
    """Return the received entries that pay this fee, with the amount of each, in the bank's order."""
    paid = {
        entry_id: parts[LedgerAccount.FEE]
        for entry_id, parts in _credits(session, Posting.application_id == application_id).items()
        if parts[LedgerAccount.FEE] > 0
    }
    entries = session.exec(select(BankEntry).where(col(BankEntry.id).in_(paid)).order_by(col(BankEntry.booked_at)))
    return [(entry, paid[entry.id]) for entry in entries.all() if not entry.taken_back]


def money_held(session: Session, application_id: UUID) -> list[Held]:
    """Return the money still held for an application, by received entry, minus the claims of proposed refunds."""
    parts = _credits(session, Posting.application_id == application_id)
    return _held(session, parts, Refund.application_id == application_id)


def unapplied_of(session: Session, entry_id: UUID) -> list[Held]:
    """Return the unapplied money of one entry, minus the claims of proposed refunds: one item or none."""
    here = (Posting.entry_id == entry_id) & (Posting.account == LedgerAccount.UNAPPLIED)
    return _held(session, _credits(session, here), RefundSource.entry_id == entry_id, fee=False)


def entries_with_unapplied(session: Session) -> dict[UUID, int]:
    """Map entry ids to unapplied money that no refund claims: for a person to refund or to assign."""
    here = Posting.account == LedgerAccount.UNAPPLIED
    held = _held(session, _credits(session, here), RefundSource.unapplied_fen > 0, fee=False)
    return {UUID(each.entry_id): each.unapplied_fen for each in held if each.unapplied_fen > 0}


def _credits(session: Session, where: Any) -> dict[UUID, dict[str, int]]:
    """Return credit balances by entry and account."""
    totals = (
        select(Posting.entry_id, Posting.account, func.sum(Posting.fen))
        .where(where, col(Posting.entry_id).is_not(None))
        .group_by(col(Posting.entry_id), col(Posting.account))
    )
    found: dict[UUID, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for entry_id, account, fen in session.exec(totals).all():
        if entry_id is not None:
            found[entry_id][account] = -int(fen)
    return found


def _held(session: Session, parts: Mapping[UUID, Mapping[str, int]], claims: Any, *, fee: bool = True) -> list[Held]:
    claimed = select(RefundSource).join(Refund, col(Refund.id) == col(RefundSource.refund_id))
    fees, unapplied = defaultdict[UUID, int](int), defaultdict[UUID, int](int)
    for source in session.exec(claimed.where(claims, Refund.state == RefundState.PROPOSED)).all():
        fees[source.entry_id] += source.fee_fen
        unapplied[source.entry_id] += source.unapplied_fen
    entries = select(BankEntry).where(col(BankEntry.id).in_(parts), BankEntry.direction == Direction.CREDIT)
    return [
        Held(
            entry_id=str(entry.id),
            payer=entry.counterparty_name,
            account_index=entry.account_index,
            account_reliable=entry.account_reliable,
            fee_fen=parts[entry.id].get(LedgerAccount.FEE, 0) - fees[entry.id] if fee else 0,
            unapplied_fen=parts[entry.id].get(LedgerAccount.UNAPPLIED, 0) - unapplied[entry.id],
        )
        for entry in session.exec(entries.order_by(col(BankEntry.booked_at), col(BankEntry.position))).all()
        if not entry.taken_back
    ]
