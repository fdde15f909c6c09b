"""The rows that actions work on, locked in one order: the programmes of the bank account, the subject, an application's invoices.

Whatever moves money holds the programme's row, so that two of them never wait for each other. Called by billing's actions.
"""

from uuid import UUID

from sqlmodel import col, select

from services.billing.errors import UnknownEntry, UnknownFeeAccount, UnknownInvoice, UnknownRefund, UnknownStatement
from services.billing.models import BankEntry, Document, FeeAccount, Invoice, ProgrammeRow, Refund, Statement
from services.billing.states import DocumentKind
from shared.foundation.errors import OutOfOrder
from shared.persistence.columns import for_update
from shared.persistence.unit_of_work import UnitOfWork


def lock_own_account(uow: UnitOfWork, account_number: str) -> list[ProgrammeRow]:
    """Every programme whose fees are paid to this account of the institution, locked in the order of their codes."""
    found = select(ProgrammeRow).where(ProgrammeRow.account_number == account_number).order_by(col(ProgrammeRow.code))
    return list(uow.session.exec(_fresh(found)).all())


def lock_programme(uow: UnitOfWork, code: str) -> ProgrammeRow:
    """The programme, locked with those that share its account. Raises NotYet: what builds on it came before it."""
    row = uow.session.get(ProgrammeRow, code)
    if row is None:
        raise OutOfOrder(f"programme {code}")
    lock_own_account(uow, row.account_number)
    return row


def lock_account(uow: UnitOfWork, application_id: UUID) -> FeeAccount:
    """A fee account, locked. Raises UnknownFeeAccount."""
    row = uow.session.get(FeeAccount, application_id)
    if row is None:
        raise UnknownFeeAccount
    lock_programme(uow, row.programme)
    found: FeeAccount = uow.session.exec(
        _fresh(select(FeeAccount).where(FeeAccount.application_id == application_id))
    ).one()
    return found


def known_account(uow: UnitOfWork, application_id: UUID) -> FeeAccount:
    """The same for events. Raises NotYet: what is said of it came before it."""
    try:
        return lock_account(uow, application_id)
    except UnknownFeeAccount as missing:
        raise OutOfOrder(f"fee account {application_id}") from missing


def lock_statement(uow: UnitOfWork, statement_id: UUID) -> Statement:
    """A statement, locked. Raises UnknownStatement."""
    row = uow.session.get(Statement, statement_id)
    if row is None:
        raise UnknownStatement
    lock_own_account(uow, row.account_number)
    found: Statement = uow.session.exec(_fresh(select(Statement).where(Statement.id == statement_id))).one()
    return found


def lock_entry(uow: UnitOfWork, entry_id: UUID) -> BankEntry:
    """A bank entry, locked. Raises UnknownEntry."""
    row = uow.session.get(BankEntry, entry_id)
    if row is None:
        raise UnknownEntry
    lock_statement(uow, row.statement_id)
    found: BankEntry = uow.session.exec(_fresh(select(BankEntry).where(BankEntry.id == entry_id))).one()
    return found


def lock_refund(uow: UnitOfWork, refund_id: UUID) -> Refund:
    """A refund, locked. Raises UnknownRefund."""
    row = uow.session.get(Refund, refund_id)
    if row is None:
        raise UnknownRefund
    lock_programme(uow, row.programme)
    found: Refund = uow.session.exec(_fresh(select(Refund).where(Refund.id == refund_id))).one()
    return found


def lock_invoices(uow: UnitOfWork, application_id: UUID) -> list[Invoice]:
    """The invoices and red letters of an application, locked together, the oldest first. Does not lock the programme: the
    jobs that speak with a connector hold these alone."""
    found = select(Invoice).where(Invoice.application_id == application_id)
    return list(uow.session.exec(_fresh(found.order_by(col(Invoice.requested_at), col(Invoice.request_no)))).all())


def lock_invoice(uow: UnitOfWork, invoice_id: UUID) -> Invoice:
    """An invoice or red letter, locked with the others of its application. Raises UnknownInvoice."""
    row = uow.session.get(Invoice, invoice_id)
    if row is None:
        raise UnknownInvoice
    return next(each for each in lock_invoices(uow, row.application_id) if each.id == invoice_id)


def lock_receipt(uow: UnitOfWork, application_id: UUID) -> Document:
    """The receipt acknowledgement of an application that is due, locked."""
    found = select(Document).where(Document.application_id == application_id, Document.kind == DocumentKind.RECEIPT)
    row: Document = uow.session.exec(_fresh(found)).one()
    return row


def lock_paper(uow: UnitOfWork, invoice_id: UUID, kind: DocumentKind) -> Document:
    """A document of an invoice that is due, locked."""
    row: Document = uow.session.exec(
        _fresh(select(Document).where(Document.invoice_id == invoice_id, Document.kind == kind))
    ).one()
    return row


def _fresh(statement):  # type: ignore[no-untyped-def]
    """Locked, and read again even if the session has an older reading of the row."""
    return for_update(statement).execution_options(populate_existing=True)
