"""The rows that actions work on, locked in one order: the programmes of the bank account, then the subject.

Whatever moves money holds the programme's row, so that two of them never wait for each other. Called by billing's actions.
"""

from uuid import UUID

from sqlmodel import Session, col, select

from services.billing.errors import UnknownEntry, UnknownFeeAccount, UnknownRefund, UnknownStatement
from services.billing.models import BankEntry, FeeAccount, ProgrammeRow, Refund, Statement
from shared.columns import locked
from shared.errors import NotYet


def lock_own_account(session: Session, account_number: str) -> list[ProgrammeRow]:
    """Every programme whose fees are paid to this account of the institution, locked in the order of their codes."""
    found = select(ProgrammeRow).where(ProgrammeRow.account_number == account_number).order_by(col(ProgrammeRow.code))
    return list(session.exec(_fresh(found)).all())


def lock_programme(session: Session, code: str) -> ProgrammeRow:
    """The programme, locked with those that share its account. Raises NotYet: what builds on it came before it."""
    row = session.get(ProgrammeRow, code)
    if row is None:
        raise NotYet(f"programme {code}")
    lock_own_account(session, row.account_number)
    return row


def lock_account(session: Session, application_id: UUID) -> FeeAccount:
    """A fee account, locked. Raises UnknownFeeAccount."""
    row = session.get(FeeAccount, application_id)
    if row is None:
        raise UnknownFeeAccount
    lock_programme(session, row.programme)
    found: FeeAccount = session.exec(
        _fresh(select(FeeAccount).where(FeeAccount.application_id == application_id))
    ).one()
    return found


def known_account(session: Session, application_id: UUID) -> FeeAccount:
    """The same for events. Raises NotYet: what is said of it came before it."""
    try:
        return lock_account(session, application_id)
    except UnknownFeeAccount as missing:
        raise NotYet(f"fee account {application_id}") from missing


def lock_statement(session: Session, statement_id: UUID) -> Statement:
    """A statement, locked. Raises UnknownStatement."""
    row = session.get(Statement, statement_id)
    if row is None:
        raise UnknownStatement
    lock_own_account(session, row.account_number)
    found: Statement = session.exec(_fresh(select(Statement).where(Statement.id == statement_id))).one()
    return found


def lock_entry(session: Session, entry_id: UUID) -> BankEntry:
    """A bank entry, locked. Raises UnknownEntry."""
    row = session.get(BankEntry, entry_id)
    if row is None:
        raise UnknownEntry
    lock_statement(session, row.statement_id)
    found: BankEntry = session.exec(_fresh(select(BankEntry).where(BankEntry.id == entry_id))).one()
    return found


def lock_refund(session: Session, refund_id: UUID) -> Refund:
    """A refund, locked. Raises UnknownRefund."""
    row = session.get(Refund, refund_id)
    if row is None:
        raise UnknownRefund
    lock_programme(session, row.programme)
    found: Refund = session.exec(_fresh(select(Refund).where(Refund.id == refund_id))).one()
    return found


def _fresh(statement):  # type: ignore[no-untyped-def]
    """Locked, and read again even if the session has an older reading of the row."""
    return locked(statement).execution_options(populate_existing=True)
