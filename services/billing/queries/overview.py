"""Data of the front page: due, received and unmatched money, and pending refunds. Called by pages."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session, col, select

from services.billing.models import BankEntry, FeeAccount, Statement
from services.billing.queries.accounts import AccountLine, account_lines
from services.billing.queries.stats import stats
from services.billing.rules.statements.entries import Direction
from services.billing.states import AccountState, EntryState, StatementState
from shared.foundation.clock import local


@dataclass(frozen=True)
class Overview:
    """Amounts in fen, by the names of stats.py; `received_by_day` for the days with receipts."""

    stats: dict[str, int]
    paid: int
    partly: int
    unpaid: int
    next_due: list[AccountLine]
    received_by_day: dict[date, int]
    covered_until: datetime | None


def overview(session: Session) -> Overview:
    """Return all data that the front page shows about money and fees."""
    due = account_lines(session, state=AccountState.DUE)
    open_lines = [line for line in due if line.open_fen]
    imported = select(Statement.covered_until).where(Statement.state == StatementState.IMPORTED)
    ends = session.exec(imported).all()
    return Overview(
        stats=stats(session),
        paid=len(due) - len(open_lines),
        partly=sum(line.paid_fen > 0 for line in open_lines),
        unpaid=sum(line.paid_fen <= 0 for line in open_lines),
        next_due=sorted(open_lines, key=_deadline)[:8],
        received_by_day=_received(session),
        covered_until=max(ends, default=None),
    )


def _deadline(line: AccountLine) -> tuple[bool, datetime, str]:
    account: FeeAccount = line.account
    return account.pay_by is None, account.pay_by or account.submitted_at, account.application_no


def _received(session: Session) -> dict[date, int]:
    booked = select(BankEntry.booked_at, BankEntry.amount_fen).where(
        BankEntry.direction == Direction.CREDIT, col(BankEntry.state).in_([EntryState.OPEN, EntryState.BOOKED])
    )
    days: dict[date, int] = defaultdict(int)
    for booked_at, fen in session.exec(booked.order_by(col(BankEntry.booked_at))).all():
        days[local(booked_at).date()] += fen
    return dict(days)
