"""Periods that the imported statements of an account cover completely. Called by overdue.py and statements.py."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from services.billing.models import FeeAccount, ProgrammeRow, Statement
from services.billing.states import StatementState


@dataclass(frozen=True)
class Coverage:
    """A half-open period that imported statements cover without a gap."""

    since: datetime
    until: datetime

    def proves_unpaid(self, account: FeeAccount) -> bool:
        """Return whether a payment in time would be in the statements. The period runs from the application, when the
        reference was issued, to pay_by."""
        return account.pay_by is not None and self.since <= account.submitted_at and account.pay_by < self.until


def coverage_of(session: Session, programme: str) -> list[Coverage]:
    """Return the coverage of a programme's account in order; adjoining statements are joined. A gap stays a gap even if
    a person confirmed it at the import: a payment may be in it."""
    account_number = session.get_one(ProgrammeRow, programme).account_number
    spans = select(Statement.covers_from, Statement.covered_until).where(
        Statement.account_number == account_number, Statement.state == StatementState.IMPORTED
    )
    joined: list[Coverage] = []
    for since, until in session.exec(spans.order_by(col(Statement.covers_from))).all():
        if joined and since <= joined[-1].until:
            joined[-1] = Coverage(joined[-1].since, max(joined[-1].until, until))
        else:
            joined.append(Coverage(since, until))
    return joined


def imported_statements(session: Session, account_number: str) -> list[Statement]:
    """Return the statements of one own account that are in the ledger, ordered by their periods."""
    found = select(Statement).where(
        Statement.account_number == account_number,
        col(Statement.state).in_([StatementState.IMPORTED, StatementState.IMPORTING]),
    )
    return list(session.exec(found.order_by(col(Statement.covers_from), col(Statement.covers_to))).all())
