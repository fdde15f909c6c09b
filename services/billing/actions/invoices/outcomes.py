"""Results of sending documents and of the invoice connector. Called by tasks and, for the queries, by the timer."""

from datetime import datetime
from uuid import UUID

from sqlmodel import col, select

from services.billing.actions.invoices.red_letters import update_red_letters
from services.billing.actions.locking import lock_invoice_document
from services.billing.jobs import QueryInvoice, SubmitInvoice, WriteInvoiceRequest, WriteReceipt
from services.billing.models import Document, FeeAccount, Invoice
from services.billing.states import INVOICE_STEPS, INVOICE_TITLES, DocumentKind, InvoiceState
from shared.events import FileClaim
from shared.events.billing import InvoiceIssued, InvoiceRequested, RedInvoiceIssued
from shared.foundation.errors import Conflict
from shared.foundation.transitions import check_step
from shared.jobs.job import enqueue
from shared.persistence.unit_of_work import UnitOfWork


def note_document_sent(uow: UnitOfWork, document: Document, claim: FileClaim, *, actor: str, now: datetime) -> None:
    """Record that the document was written, stored and sent."""
    document.claim, document.sent_at, document.held_for = claim.model_dump(), now, ""
    uow.session.add(document)
    uow.record(f"send_{document.kind}", str(document.application_id), actor=actor, now=now)


def hold_document(uow: UnitOfWork, document: Document, characters: str, *, actor: str, now: datetime) -> None:
    """Hold a document with `characters` that no font covers. A repeat replaces them."""
    document.held_for = characters
    uow.session.add(document)
    details = {"kind": document.kind, "characters": characters}
    uow.record("hold_document", str(document.application_id), actor=actor, now=now, details=details)


def continue_document(uow: UnitOfWork, document_id: UUID, *, actor: str, now: datetime) -> Document:
    """Enqueue the job of a held document again, once a font covers its characters. Raises Conflict if it is not held."""
    document = uow.get_locked(Document, document_id)
    if document is None or not document.held_for:
        raise Conflict("这份文件不在等待处理，请刷新页面。", code="document-not-held")
    document.held_for = ""
    uow.session.add(document)
    uow.record("continue_document", str(document.application_id), actor=actor, now=now, details={"kind": document.kind})
    if document.invoice_id:
        enqueue(uow, WriteInvoiceRequest(invoice_id=document.invoice_id))
    else:
        enqueue(uow, WriteReceipt(application_id=document.application_id))
    return document


def note_invoice_requested(uow: UnitOfWork, invoice: Invoice, *, now: datetime) -> None:
    """Publish InvoiceRequested for the sent request, and enqueue its submission to the connector."""
    event = InvoiceRequested(
        application_id=invoice.application_id,
        programme=uow.session.get_one(FeeAccount, invoice.application_id).programme,
        request_no=invoice.request_no,
        amount_fen=invoice.amount_fen,
    )
    uow.publish(event, now=now)
    enqueue(uow, SubmitInvoice(invoice_id=invoice.id))


def note_invoice_submitted(uow: UnitOfWork, invoice: Invoice, *, actor: str, now: datetime) -> None:
    """Record that the connector accepted the request, and enqueue the first query. Later the timer queries every
    minute."""
    if invoice.state != InvoiceState.SUBMITTED:
        _step(invoice, InvoiceState.SUBMITTED)
        invoice.submitted_at, invoice.queried_at, invoice.failure = now, now, ""
        uow.session.add(invoice)
        uow.record("submit_invoice", str(invoice.id), actor=actor, now=now)
    enqueue(uow, QueryInvoice(invoice_id=invoice.id, round=1))


def note_invoice_issued(
    uow: UnitOfWork, invoice: Invoice, number: str, issued_at: datetime, *, actor: str, now: datetime
) -> Document:
    """Record the number from the connector and publish InvoiceIssued or RedInvoiceIssued. Proposes a red letter if the
    money was reversed meanwhile. Returns the document to send."""
    _step(invoice, InvoiceState.ISSUED)
    invoice.number, invoice.issued_at = number, issued_at
    uow.session.add(invoice)
    kind = DocumentKind.RED_LETTER if invoice.corrects_id else DocumentKind.INVOICE
    document = lock_invoice_document(uow, invoice.id, kind)
    document.number = number
    uow.session.add(document)
    uow.publish(_issued(uow, invoice, number, issued_at), now=now)
    uow.record("note_invoice_issued", str(invoice.id), actor=actor, now=now, details={"number": number})
    uow.session.flush()
    update_red_letters(uow, invoice.application_id, actor=actor, now=now)
    return document


def _issued(uow: UnitOfWork, invoice: Invoice, number: str, issued_at: datetime) -> InvoiceIssued | RedInvoiceIssued:
    fields = {
        "application_id": invoice.application_id,
        "programme": uow.session.get_one(FeeAccount, invoice.application_id).programme,
        "request_no": invoice.request_no,
        "invoice_number": number,
        "amount_fen": invoice.amount_fen,
        "issued_at": issued_at,
    }
    if invoice.corrects_id is None:
        return InvoiceIssued.model_validate(fields)
    return RedInvoiceIssued.model_validate(
        fields | {"corrects": uow.session.get_one(Invoice, invoice.corrects_id).number}
    )


def note_invoice_failed(uow: UnitOfWork, invoice: Invoice, reason: str, *, actor: str, now: datetime) -> None:
    """Record that the connector refused the request. Finance corrects and submits it again."""
    _step(invoice, InvoiceState.FAILED)
    invoice.failure = reason
    uow.session.add(invoice)
    uow.record("note_invoice_failed", str(invoice.id), actor=actor, now=now, details={"reason": reason})


def enqueue_invoice_queries(uow: UnitOfWork, *, now: datetime) -> int:
    """Enqueue a query for every submitted invoice not queried in the last minute. Returns their number."""
    waiting = select(Invoice).where(
        Invoice.state == InvoiceState.SUBMITTED, col(Invoice.queried_at).is_not(None), col(Invoice.queried_at) < now
    )
    rows = uow.session.exec(waiting).all()
    for row in rows:
        row.queried_at = now
        uow.session.add(row)
        enqueue(uow, QueryInvoice(invoice_id=row.id, round=ROUNDS))
    return len(rows)


ROUNDS = 3
"""Number of immediate queries. Afterwards the timer queries every minute."""


def _step(invoice: Invoice, target: InvoiceState) -> None:
    check_step(INVOICE_STEPS, InvoiceState(invoice.state), target, titles=INVOICE_TITLES)
    invoice.state = target
