"""Questions about refunds. Called by billing's actions, pages and api."""

from uuid import UUID

from sqlmodel import Session, col, select

from services.billing.models import Refund, RefundSource
from services.billing.states import RefundState


def claims_on(session: Session, entry_id: UUID) -> list[Refund]:
    """The refunds, sent ones included, that money of an entry goes into."""
    found = (
        select(Refund)
        .join(RefundSource, col(RefundSource.refund_id) == col(Refund.id))
        .where(RefundSource.entry_id == entry_id, Refund.state != RefundState.DECLINED)
    )
    return list(session.exec(found.order_by(col(Refund.number))).all())
