"""FeeOverdue, once imported statements prove that a fee was not paid in time. Called after imports and decisions, and
by the timer.
"""

from datetime import datetime

from sqlmodel import col, select

from services.billing.actions.ledger.settlement import publish_overdue
from services.billing.actions.locking import lock_account
from services.billing.models import BankEntry, FeeAccount
from services.billing.queries.coverage import Coverage, coverage_of
from services.billing.states import AccountState, EntryState
from shared.persistence.unit_of_work import UnitOfWork


def publish_overdue_fees(uow: UnitOfWork, *, actor: str, now: datetime) -> int:
    """Publish FeeOverdue once for every admitted, unpaid account whose pay_by lies inside a gapless coverage by
    imported statements that starts before the application. An account whose money may be in an open proposal waits
    until a person has decided it. Returns the number published."""
    unpaid = select(FeeAccount).where(
        FeeAccount.state == AccountState.DUE,
        col(FeeAccount.paid_at).is_(None),
        col(FeeAccount.overdue_at).is_(None),
        col(FeeAccount.pay_by) < now,
    )
    coverage: dict[str, list[Coverage]] = {}
    published = 0
    for row in uow.session.exec(unpaid.order_by(col(FeeAccount.application_id))).all():
        if row.programme not in coverage:
            coverage[row.programme] = coverage_of(uow.session, row.programme)
        proof = next((period for period in coverage[row.programme] if period.proves_unpaid(row)), None)
        if proof is None or _has_open_proposal(uow, row):
            continue
        account = lock_account(uow, row.application_id)
        if account.paid_at is not None or account.state != AccountState.DUE or account.overdue_at is not None:
            continue
        publish_overdue(uow, account, covered_until=proof.until, actor=actor, now=now)
        published += 1
    return published


def _has_open_proposal(uow: UnitOfWork, account: FeeAccount) -> bool:
    in_time = select(BankEntry).where(BankEntry.state == EntryState.OPEN, col(BankEntry.booked_at) < account.pay_by)
    return any(entry.allocations.get(str(account.application_id), 0) > 0 for entry in uow.session.exec(in_time).all())
