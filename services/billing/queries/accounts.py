"""Queries on fee accounts. Called by pages and api."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, or_, select

from services.billing.errors import UnknownFeeAccount
from services.billing.models import (
    BankEntry,
    Document,
    FeeAccount,
    Invoice,
    LedgerTransaction,
    Posting,
    Refund,
    SubsidyLine,
)
from services.billing.queries.balances import balances_by_application
from services.billing.states import LedgerAccount


def account_of(session: Session, application_id: UUID) -> FeeAccount:
    """Return one fee account. Raises UnknownFeeAccount."""
    row = session.get(FeeAccount, application_id)
    if row is None:
        raise UnknownFeeAccount
    return row


def account_named(session: Session, text: str) -> FeeAccount:
    """Return the fee account with this application number, payment reference or id. Raises UnknownFeeAccount."""
    key = text.strip().upper()
    found = select(FeeAccount).where(or_(FeeAccount.application_no == key, FeeAccount.reference == key))
    row = session.exec(found).one_or_none()
    if row is None and len(key) == 36:
        row = session.get(FeeAccount, _as_id(key))
    if row is None:
        raise UnknownFeeAccount
    return row


def _as_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise UnknownFeeAccount from error


@dataclass(frozen=True)
class AccountLine:
    """A fee account with its ledger balances, in fen."""

    account: FeeAccount
    paid_fen: int
    unapplied_fen: int

    @property
    def open_fen(self) -> int:
        return max(self.account.expected_fen - self.paid_fen, 0)


def account_lines(session: Session, *, state: str = "") -> list[AccountLine]:
    """Return the fee accounts by application number, optionally of one state."""
    found = select(FeeAccount).order_by(col(FeeAccount.application_no))
    rows = session.exec(found.where(FeeAccount.state == state) if state else found).all()
    paid = balances_by_application(session, LedgerAccount.FEE)
    unapplied = balances_by_application(session, LedgerAccount.UNAPPLIED)
    return [AccountLine(row, paid.get(row.application_id, 0), unapplied.get(row.application_id, 0)) for row in rows]


def accounts_by_id(session: Session) -> dict[str, FeeAccount]:
    """Map application ids, as text, to accounts: to name the accounts in proposals."""
    return {str(row.application_id): row for row in session.exec(select(FeeAccount)).all()}


@dataclass(frozen=True)
class LedgerLine:
    """One posting of an application, with the booking that caused it. Positive fen are debits."""

    posted_at: datetime
    kind: str
    account: str
    fen: int
    note: str
    entry: BankEntry | None


def ledger_of(session: Session, application_id: UUID) -> list[LedgerLine]:
    """Return every posting of an application, oldest first."""
    found = (
        select(Posting, LedgerTransaction, BankEntry)
        .join(LedgerTransaction, col(LedgerTransaction.id) == col(Posting.transaction_id))
        .join(BankEntry, col(BankEntry.id) == col(Posting.entry_id), isouter=True)
        .where(Posting.application_id == application_id)
        .order_by(col(Posting.id))
    )
    return [
        LedgerLine(transaction.posted_at, transaction.kind, posting.account, posting.fen, transaction.note, entry)
        for posting, transaction, entry in session.exec(found).all()
    ]


@dataclass(frozen=True)
class RelatedRecords:
    """The records of one application besides its ledger."""

    subsidies: list[SubsidyLine]
    documents: list[Document]
    invoices: list[Invoice]
    refunds: list[Refund]


def related_records(session: Session, application_id: UUID) -> RelatedRecords:
    """Return the subsidy lines, documents, invoices and refunds of one application."""
    subsidies = select(SubsidyLine).where(SubsidyLine.application_id == application_id)
    documents = select(Document).where(Document.application_id == application_id)
    refunds = select(Refund).where(Refund.application_id == application_id)
    invoices = select(Invoice).where(Invoice.application_id == application_id)
    return RelatedRecords(
        subsidies=list(session.exec(subsidies.order_by(col(SubsidyLine.code))).all()),
        documents=list(session.exec(documents.order_by(col(Document.due_at), col(Document.kind).desc())).all()),
        invoices=list(session.exec(invoices.order_by(col(Invoice.requested_at), col(Invoice.request_no))).all()),
        refunds=list(session.exec(refunds.order_by(col(Refund.number))).all()),
    )
