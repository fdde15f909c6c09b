"""What became of documents and invoices. Called by tasks.py; `resubmit_invoice` by pages.py."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from services.billing.errors import UnknownInvoice
from services.billing.jobs import QueryInvoice, SubmitInvoice
from services.billing.models import Document, FeeAccount, Invoice
from services.billing.states import INVOICE_STEPS, INVOICE_TITLES, DocumentKind, InvoiceState
from shared import audit, jobs
from shared.columns import locked
from shared.events import FileClaim
from shared.events.billing import InvoiceIssued, InvoiceRequested
from shared.outbox import publish
from shared.transitions import check_step


def lock_document(session: Session, application_id: UUID, kind: DocumentKind) -> Document:
    """The document of an application that is due, locked."""
    found = select(Document).where(Document.application_id == application_id, Document.kind == kind)
    row: Document = session.exec(locked(found).execution_options(populate_existing=True)).one()
    return row


def lock_invoice(session: Session, invoice_id: UUID) -> Invoice:
    """An invoice, locked. Raises UnknownInvoice."""
    found = locked(select(Invoice).where(Invoice.id == invoice_id)).execution_options(populate_existing=True)
    row: Invoice | None = session.exec(found).one_or_none()
    if row is None:
        raise UnknownInvoice
    return row


def invoice_of(session: Session, application_id: UUID) -> Invoice:
    """The invoice of an application, locked."""
    return lock_invoice(session, session.exec(select(Invoice.id).where(Invoice.application_id == application_id)).one())


def note_document_sent(session: Session, document: Document, claim: FileClaim, *, actor: str, now: datetime) -> None:
    """The document was written, kept and sent."""
    document.claim, document.sent_at = claim.model_dump(), now
    session.add(document)
    audit.record(session, f"send_{document.kind}", str(document.application_id), actor=actor, now=now)


def note_invoice_requested(session: Session, invoice: Invoice, *, now: datetime) -> None:
    """The request was sent -> InvoiceRequested, and goes to the connector."""
    account = session.get_one(FeeAccount, invoice.application_id)
    event = InvoiceRequested(
        application_id=invoice.application_id,
        programme=account.programme,
        request_no=invoice.request_no,
        amount_fen=invoice.amount_fen,
    )
    publish(session, event, now=now)
    jobs.start(session, SubmitInvoice(invoice_id=invoice.id))


def note_invoice_submitted(session: Session, invoice: Invoice, *, now: datetime) -> None:
    """The connector took the request; it is asked at once, and then every minute by the timer."""
    if invoice.state != InvoiceState.SUBMITTED:
        _step(invoice, InvoiceState.SUBMITTED)
        invoice.submitted_at, invoice.failure = now, ""
        session.add(invoice)
    jobs.start(session, QueryInvoice(invoice_id=invoice.id, round=1))


def note_invoice_issued(session: Session, invoice: Invoice, number: str, issued_at: datetime, *, now: datetime) -> None:
    """The connector reported the number -> InvoiceIssued."""
    _step(invoice, InvoiceState.ISSUED)
    invoice.number, invoice.issued_at = number, issued_at
    session.add(invoice)
    document = lock_document(session, invoice.application_id, DocumentKind.INVOICE)
    document.number = number
    session.add(document)
    event = InvoiceIssued(
        application_id=invoice.application_id,
        programme=session.get_one(FeeAccount, invoice.application_id).programme,
        request_no=invoice.request_no,
        invoice_number=number,
        amount_fen=invoice.amount_fen,
        issued_at=issued_at,
    )
    publish(session, event, now=now)


def note_invoice_failed(session: Session, invoice: Invoice, reason: str, *, actor: str, now: datetime) -> None:
    """The connector refused it; finance corrects and submits again."""
    _step(invoice, InvoiceState.FAILED)
    invoice.failure = reason
    session.add(invoice)
    audit.record(session, "note_invoice_failed", str(invoice.id), actor=actor, now=now, details={"reason": reason})


def resubmit_invoice(session: Session, invoice_id: UUID, *, actor: str, now: datetime) -> Invoice:
    """Hands a failed request to the connector once more, under the same request id."""
    invoice = lock_invoice(session, invoice_id)
    check_step(INVOICE_STEPS, InvoiceState(invoice.state), InvoiceState.SUBMITTED, titles=INVOICE_TITLES)
    jobs.start(session, SubmitInvoice(invoice_id=invoice.id))
    audit.record(session, "resubmit_invoice", str(invoice.id), actor=actor, now=now)
    return invoice


def ask_for_invoices(session: Session, *, now: datetime) -> int:
    """Asks the connector for everything submitted that was not asked for since the last minute. Returns how many."""
    waiting = select(Invoice).where(
        Invoice.state == InvoiceState.SUBMITTED, col(Invoice.queried_at).is_not(None), col(Invoice.queried_at) < now
    )
    rows = session.exec(waiting).all()
    for row in rows:
        row.queried_at = now
        session.add(row)
        jobs.start(session, QueryInvoice(invoice_id=row.id, round=ROUNDS))
    return len(rows)


ROUNDS = 3
"""So often the connector is asked at once; what is not issued by then is asked for every minute."""


def _step(invoice: Invoice, target: InvoiceState) -> None:
    check_step(INVOICE_STEPS, InvoiceState(invoice.state), target, titles=INVOICE_TITLES)
    invoice.state = target
