"""Up to when the imported statements of an account tell everything. Called by overdue.py and the pages."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select

from services.billing.models import FeeAccount, ProgrammeRow, Statement
from services.billing.states import StatementState


@dataclass(frozen=True)
class Coverage:
    """The half-open period that imported statements cover; what lies between them was confirmed at each import."""

    since: datetime
    until: datetime

    def proves_unpaid(self, account: FeeAccount) -> bool:
        """Whether a payment in time would be in the statements: from the application, when the reference was told, to
        pay_by."""
        return account.pay_by is not None and self.since <= account.submitted_at and account.pay_by < self.until


def coverage_of(session: Session, programme: str) -> Coverage | None:
    """What the statements of a programme's account cover; None before the first."""
    account_number = session.get_one(ProgrammeRow, programme).account_number
    span = select(func.min(Statement.covers_from), func.max(Statement.covered_until)).where(
        Statement.account_number == account_number, Statement.state == StatementState.IMPORTED
    )
    since, until = session.exec(span).one()
    return Coverage(since, until) if since and until else None


def imported_statements(session: Session, account_number: str) -> list[Statement]:
    """The statements of one own account that are in the ledger, in the order of their periods."""
    found = select(Statement).where(
        Statement.account_number == account_number,
        col(Statement.state).in_([StatementState.IMPORTED, StatementState.IMPORTING]),
    )
    return list(session.exec(found.order_by(col(Statement.covers_from), col(Statement.covers_to))).all())
