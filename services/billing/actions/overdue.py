"""FeeOverdue: what imported statements prove that nobody paid in time. Called after imports, decisions, and by the timer."""

from datetime import datetime

from sqlmodel import Session, col, select

from services.billing.actions.rows import lock_account
from services.billing.actions.settlement import say_overdue
from services.billing.models import BankEntry, FeeAccount
from services.billing.queries.balances import allocated_fen
from services.billing.queries.coverage import Coverage, coverage_of
from services.billing.states import AccountStanding, EntryState
from shared import audit


def say_overdue_fees(session: Session, *, actor: str, now: datetime) -> int:
    """Says once of every admitted, unpaid account that its pay_by lies inside what imported statements cover, from before
    the application on. One whose money may lie in an open proposal waits until a person has decided that. Returns how
    many were said."""
    unpaid = select(FeeAccount).where(
        FeeAccount.standing == AccountStanding.DUE,
        col(FeeAccount.paid_at).is_(None),
        col(FeeAccount.overdue_at).is_(None),
        col(FeeAccount.pay_by) < now,
    )
    coverage: dict[str, Coverage | None] = {}
    said = 0
    for row in session.exec(unpaid.order_by(col(FeeAccount.application_id))).all():
        if row.programme not in coverage:
            coverage[row.programme] = coverage_of(session, row.programme)
        covered = coverage[row.programme]
        if covered is None or not covered.proves_unpaid(row) or _has_open_proposal(session, row):
            continue
        account = lock_account(session, row.application_id)
        if account.paid_at is not None or account.standing != AccountStanding.DUE or account.overdue_at is not None:
            continue
        paid_fen = allocated_fen(session, account.application_id)
        say_overdue(session, account, paid_fen=paid_fen, covered_until=covered.until, now=now)
        audit.record(session, "say_overdue", str(account.application_id), actor=actor, now=now)
        said += 1
    return said


def _has_open_proposal(session: Session, account: FeeAccount) -> bool:
    in_time = select(BankEntry).where(BankEntry.state == EntryState.OPEN, col(BankEntry.booked_at) <= account.pay_by)
    return any(entry.allocations.get(str(account.application_id), 0) > 0 for entry in session.exec(in_time).all())
