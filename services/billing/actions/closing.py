"""The end of an application's refunds, as others need to know it. Called by whatever changes its money or its standing."""

from datetime import datetime

from sqlmodel import col, select

from services.billing.models import FeeAccount, Refund
from services.billing.queries.balances import owed_fen
from services.billing.states import AccountState, RefundState
from shared.events.billing import RefundClosed
from shared.persistence.unit_of_work import UnitOfWork


def publish_refund_closed(uow: UnitOfWork, account: FeeAccount, *, at: datetime, now: datetime) -> None:
    """RefundClosed once what was ordered to go back has gone, or somebody decided that it stays; and once more when that holds
    no longer. `at` is the bank's time of what changed it."""
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
