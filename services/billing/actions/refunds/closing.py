"""Publish the end of an application's refunds. Called by actions that change its money or its state."""

from datetime import datetime

from sqlmodel import col, select

from services.billing.models import FeeAccount, Refund
from services.billing.queries.balances import owed_fen
from services.billing.states import AccountState, RefundState
from shared.events.billing import RefundClosed
from shared.persistence.unit_of_work import UnitOfWork


def publish_refund_closed(uow: UnitOfWork, account: FeeAccount, *, at: datetime, now: datetime) -> None:
    """Publish RefundClosed once all ordered refunds are sent or declined, and again with `closed_at` None if that no
    longer holds. `at` is the bank's time of the change."""
    decided_at = account.refund_answered_at or account.refund_ordered_at
    is_closed = (
        decided_at is not None
        and account.state == AccountState.ENDED
        and not _open_refunds(uow, account)
        and (account.refund_answered_at is not None or owed_fen(uow.session, account.application_id) <= 0)
    )
    if is_closed == (account.refund_closed_at is not None):
        return
    account.refund_closed_at = max(at, decided_at) if is_closed and decided_at else None
    uow.session.add(account)
    event = RefundClosed(
        application_id=account.application_id, programme=account.programme, closed_at=account.refund_closed_at
    )
    uow.publish(event, now=now)


def _open_refunds(uow: UnitOfWork, account: FeeAccount) -> bool:
    still = select(Refund.id).where(
        Refund.application_id == account.application_id,
        col(Refund.state).in_((RefundState.PROPOSED, RefundState.APPROVED)),
    )
    return uow.session.exec(still.limit(1)).first() is not None
