"""Questions about invoices and their red letters. Called by billing's actions, pages and api. Amounts are fen."""

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
"""Which rows wait for a person: failed ones, red letters to confirm, requests that lack something."""


def invoice_of(session: Session, invoice_id: UUID) -> Invoice:
    """One invoice or red letter. Raises UnknownInvoice."""
    row = session.get(Invoice, invoice_id)
    if row is None:
        raise UnknownInvoice
    return row


def invoices_to_see_to(session: Session) -> list[Invoice]:
    """What waits for finance, the longest waiting first."""
    found = select(Invoice).where(NEEDS_FINANCE)
    return list(session.exec(found.order_by(col(Invoice.requested_at), col(Invoice.request_no))).all())


def red_letters_of(invoice: Invoice, invoices: Iterable[Invoice]) -> list[Invoice]:
    """The red letters of an invoice that finance has confirmed, issued or on their way."""
    unconfirmed = (InvoiceState.PROPOSED, InvoiceState.DROPPED)
    return [row for row in invoices if row.corrects_id == invoice.id and row.state not in unconfirmed]


def standing_fen(invoice: Invoice, invoices: Iterable[Invoice]) -> int:
    """What an invoice still states after its red letters."""
    return invoice.amount_fen - sum(row.amount_fen for row in red_letters_of(invoice, invoices))
