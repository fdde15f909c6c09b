"""Row locks in one order, to avoid deadlocks: the programmes of the bank account, the subject, an application's
invoices.

Every action that moves money holds the programme's row. Called by billing's actions. Each function returns the locked
rows or raises.
"""

from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from sqlmodel import SQLModel, col, select
from sqlmodel.sql.expression import SelectOfScalar

from services.billing.errors import UnknownEntry, UnknownFeeAccount, UnknownInvoice, UnknownRefund, UnknownStatement
from services.billing.models import BankEntry, Document, FeeAccount, Invoice, ProgrammeRow, Refund, Statement
from services.billing.states import DocumentKind
from shared.foundation.errors import NotFound, OutOfOrder
from shared.persistence.columns import for_update
from shared.persistence.unit_of_work import UnitOfWork

T = TypeVar("T")
R = TypeVar("R", bound=SQLModel)


def lock_programmes_of_account(uow: UnitOfWork, account_number: str) -> list[ProgrammeRow]:
    """Lock every programme whose fees are paid to this account of the institution, in the order of their codes."""
    found = select(ProgrammeRow).where(ProgrammeRow.account_number == account_number).order_by(col(ProgrammeRow.code))
    return list(uow.session.exec(_locked_query(found)).all())


def lock_programme(uow: UnitOfWork, code: str) -> ProgrammeRow:
    """Lock the programme and those that share its account. Raises OutOfOrder if the programme's event has not arrived
    yet."""
    row = uow.session.get(ProgrammeRow, code)
    if row is None:
        raise OutOfOrder(f"programme {code}")
    lock_programmes_of_account(uow, row.account_number)
    return row


def lock_account(uow: UnitOfWork, application_id: UUID) -> FeeAccount:
    """Lock a fee account. Raises UnknownFeeAccount."""
    return _lock(uow, FeeAccount, application_id, UnknownFeeAccount, lambda row: lock_programme(uow, row.programme))


def lock_account_for_event(uow: UnitOfWork, application_id: UUID) -> FeeAccount:
    """Lock a fee account for an event handler. Raises OutOfOrder if the application's event has not arrived yet."""
    try:
        return lock_account(uow, application_id)
    except UnknownFeeAccount as missing:
        raise OutOfOrder(f"fee account {application_id}") from missing


def lock_statement(uow: UnitOfWork, statement_id: UUID) -> Statement:
    """Lock a statement. Raises UnknownStatement."""
    return _lock(
        uow, Statement, statement_id, UnknownStatement, lambda row: lock_programmes_of_account(uow, row.account_number)
    )


def lock_entry(uow: UnitOfWork, entry_id: UUID) -> BankEntry:
    """Lock a bank entry. Raises UnknownEntry."""
    return _lock(uow, BankEntry, entry_id, UnknownEntry, lambda row: lock_statement(uow, row.statement_id))


def lock_refund(uow: UnitOfWork, refund_id: UUID) -> Refund:
    """Lock a refund. Raises UnknownRefund."""
    return _lock(uow, Refund, refund_id, UnknownRefund, lambda row: lock_programme(uow, row.programme))


def lock_invoices(uow: UnitOfWork, application_id: UUID) -> list[Invoice]:
    """Lock the invoices and red letters of an application together, oldest first. Does not lock the programme: jobs
    that call a connector hold only these locks."""
    found = select(Invoice).where(Invoice.application_id == application_id)
    return list(
        uow.session.exec(_locked_query(found.order_by(col(Invoice.requested_at), col(Invoice.request_no)))).all()
    )


def lock_invoice(uow: UnitOfWork, invoice_id: UUID) -> Invoice:
    """Lock an invoice or red letter with the others of its application. Raises UnknownInvoice."""
    row = uow.session.get(Invoice, invoice_id)
    if row is None:
        raise UnknownInvoice
    return next(each for each in lock_invoices(uow, row.application_id) if each.id == invoice_id)


def lock_receipt(uow: UnitOfWork, application_id: UUID) -> Document:
    """Lock the due receipt acknowledgement of an application."""
    found = select(Document).where(Document.application_id == application_id, Document.kind == DocumentKind.RECEIPT)
    row: Document = uow.session.exec(_locked_query(found)).one()
    return row


def lock_invoice_document(uow: UnitOfWork, invoice_id: UUID, kind: DocumentKind) -> Document:
    """Lock a due document of an invoice."""
    row: Document = uow.session.exec(
        _locked_query(select(Document).where(Document.invoice_id == invoice_id, Document.kind == kind))
    ).one()
    return row


def _lock(
    uow: UnitOfWork, table: type[R], key: UUID, unknown: Callable[[], NotFound], lock_before: Callable[[R], object]
) -> R:
    """Lock a row after those that `lock_before` locks, given the row before it is locked. Raises `unknown`."""
    row = uow.session.get(table, key)
    if row is not None:
        lock_before(row)
        row = uow.get_locked(table, key)
    if row is None:
        raise unknown()
    return row


def _locked_query(statement: SelectOfScalar[T]) -> SelectOfScalar[T]:
    """Add FOR UPDATE, and reread the row even if the session has loaded it before."""
    return for_update(statement).execution_options(populate_existing=True)
