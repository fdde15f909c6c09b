"""Queries on refunds. Called by billing's actions, pages and api."""

from uuid import UUID

from sqlmodel import Session, col, func, select

from services.billing.errors import UnknownRefund
from services.billing.models import BankEntry, Refund, RefundSource
from services.billing.states import RefundState


def claims_on(session: Session, entry_id: UUID) -> list[Refund]:
    """Return the refunds, sent ones included, that use money of an entry."""
    found = (
        select(Refund)
        .join(RefundSource, col(RefundSource.refund_id) == col(Refund.id))
        .where(RefundSource.entry_id == entry_id, Refund.state != RefundState.DECLINED)
    )
    return list(session.exec(found.order_by(col(Refund.number))).all())


def refund_of(session: Session, refund_id: UUID) -> Refund:
    """Return one refund. Raises UnknownRefund."""
    row = session.get(Refund, refund_id)
    if row is None:
        raise UnknownRefund
    return row


def refunds(session: Session, *, state: str = "") -> list[Refund]:
    """Return the refunds by number, optionally of one state."""
    found = select(Refund).order_by(col(Refund.number))
    return list(session.exec(found.where(Refund.state == state) if state else found).all())


def ended_refunds(session: Session) -> list[Refund]:
    """Return at most 200 sent or declined refunds, the newest first."""
    found = select(Refund).where(col(Refund.state).in_([RefundState.SENT, RefundState.DECLINED]))
    return list(session.exec(found.order_by(col(Refund.number).desc()).limit(200)).all())


def refund_totals(session: Session) -> dict[str, int]:
    """Return the fen by state."""
    return {
        state: int(fen)
        for state, fen in session.exec(select(Refund.state, func.sum(Refund.amount_fen)).group_by(Refund.state)).all()
    }


def sources(session: Session, refund_id: UUID) -> list[tuple[RefundSource, BankEntry]]:
    """Return the receipts that a refund returns."""
    found = select(RefundSource, BankEntry).join(BankEntry, col(BankEntry.id) == col(RefundSource.entry_id))
    return list(session.exec(found.where(RefundSource.refund_id == refund_id)).all())
