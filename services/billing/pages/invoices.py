"""One invoice, from the request to the number."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from services.billing import actions, queries
from services.billing.errors import UnknownInvoice
from services.billing.models import Invoice
from services.billing.pages import words
from shared.dashboard import done, page
from shared.dashboard.history import history
from shared.web import Now, ReadingSession, WritingSession

router = APIRouter()


@router.get("/invoices")
def invoice_list(request: Request, actor: words.Reader) -> Response:
    """Leads to the list."""
    return done(request, "/billing/tables/invoices/list")


@router.get("/invoices/{invoice_id}")
def show_invoice(request: Request, invoice_id: UUID, actor: words.Reader, session: ReadingSession) -> Response:
    invoice = session.get(Invoice, invoice_id)
    if invoice is None:
        raise UnknownInvoice
    return page(
        request,
        "billing_invoice.html",
        title=f"开票申请单 {invoice.request_no}",
        back="/billing/tables/invoices/list",
        invoice=invoice,
        account=queries.account_of(session, invoice.application_id),
        papers=queries.papers_of(session, invoice.application_id),
        rows=history(session, str(invoice_id)),
        words=words,
    )


@router.post("/invoices/{invoice_id}/resubmit")
def resubmit(request: Request, invoice_id: UUID, actor: words.Finance, session: WritingSession, now: Now) -> Response:
    """Hands a failed request over once more."""
    actions.resubmit_invoice(session, invoice_id, actor=actor.account, now=now)
    return done(request, f"/billing/invoices/{invoice_id}", "已重新提交。")
