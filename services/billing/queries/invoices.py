"""Queries on invoices and their red letters. Called by billing's actions, pages and api. Amounts are fen."""

from collections.abc import Iterable
from uuid import UUID

from sqlmodel import Session, col, or_, select

from services.billing.errors import UnknownInvoice
from services.billing.models import Invoice
from services.billing.states import InvoiceState

NEEDS_FINANCE = or_(
    col(Invoice.state).in_([InvoiceState.FAILED, InvoiceState.PROPOSED]),
    (col(Invoice.state) == InvoiceState.REQUESTED) & (col(Invoice.wanting) != ""),
)
"""Invoices that wait for a person: failed ones, red letters to confirm, incomplete requests."""


def invoice_of(session: Session, invoice_id: UUID) -> Invoice:
    """Return one invoice or red letter. Raises UnknownInvoice."""
    row = session.get(Invoice, invoice_id)
    if row is None:
        raise UnknownInvoice
    return row


def invoices_for_finance(session: Session) -> list[Invoice]:
    """Return the invoices that wait for finance, the longest waiting first."""
    found = select(Invoice).where(NEEDS_FINANCE)
    return list(session.exec(found.order_by(col(Invoice.requested_at), col(Invoice.request_no))).all())


def red_letters_of(invoice: Invoice, invoices: Iterable[Invoice]) -> list[Invoice]:
    """Return the red letters of an invoice that finance has confirmed, issued or in progress."""
    unconfirmed = (InvoiceState.PROPOSED, InvoiceState.DROPPED)
    return [row for row in invoices if row.corrects_id == invoice.id and row.state not in unconfirmed]


def effective_fen(invoice: Invoice, invoices: Iterable[Invoice]) -> int:
    """Return the amount of an invoice that red letters have not cancelled."""
    return invoice.amount_fen - sum(row.amount_fen for row in red_letters_of(invoice, invoices))
