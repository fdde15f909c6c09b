"""One invoice or red letter, from the request to the number, and finance's actions on it."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response

from services.billing import actions, queries
from services.billing.pages import labels
from services.billing.pages.entries import Reason
from services.billing.rules.invoices.buyers import Buyer, InvoiceKind
from shared.dashboard import done, page
from shared.dashboard.history import history
from shared.foundation.text import Identifier, Line
from shared.http.web import Now, ReadingSession, Uow, WithTools

router = APIRouter()
FormText = Annotated[Line, Form(max_length=500)]


@router.get("/invoices")
def invoice_list(request: Request, actor: labels.Reader) -> Response:
    """Redirect to the list."""
    return done(request, "/billing/tables/invoices/list")


@router.get("/invoices/{invoice_id}")
def show_invoice(request: Request, invoice_id: UUID, actor: labels.Reader, session: ReadingSession) -> Response:
    invoice = queries.invoice_of(session, invoice_id)
    related = queries.related_records(session, invoice.application_id)
    return page(
        request,
        "billing_invoice.html",
        title=f"{'红字发票' if invoice.corrects_id else '开票申请单'} {invoice.request_no}",
        back="/billing/tables/invoices/list",
        invoice=invoice,
        original=next((row for row in related.invoices if row.id == invoice.corrects_id), None),
        reds=[row for row in related.invoices if row.corrects_id == invoice_id],
        account=queries.account_of(session, invoice.application_id),
        documents=[row for row in related.documents if row.invoice_id in (None, invoice_id)],
        rows=history(session, str(invoice_id)),
        labels=labels,
    )


@router.post("/invoices/{invoice_id}/resubmit")
def resubmit(request: Request, invoice_id: UUID, actor: labels.Finance, uow: Uow, now: Now) -> Response:
    """Submit a failed request again, or check a waiting one again."""
    actions.resubmit_invoice(uow, invoice_id, actor=actor.account, now=now)
    return done(request, f"/billing/invoices/{invoice_id}", "已重新提交。")


@router.post("/invoices/{invoice_id}/statement")
def keep_statement(
    request: Request, invoice_id: UUID, actor: labels.Finance, uow: Uow, now: Now, note: Reason = ""
) -> Response:
    """Record the 代付说明. `note`: its content and where it is filed. The invoice continues."""
    actions.keep_payer_statement(uow, invoice_id, note, actor=actor.account, now=now)
    return done(request, f"/billing/invoices/{invoice_id}", "已登记代付说明。")


@router.post("/invoices/{invoice_id}/buyer")
def correct_buyer(
    request: Request,
    invoice_id: UUID,
    actor: labels.Finance,
    uow: Uow,
    now: Now,
    tools: WithTools,
    title: FormText = "",
    tax_number: Annotated[Identifier, Form(max_length=500)] = "",
    kind: Annotated[Literal["normal", "special"], Form()] = "normal",
    address: FormText = "",
    phone: FormText = "",
    bank: FormText = "",
    account_number: FormText = "",
) -> Response:
    """Correct the buyer as the invoice prints it: `title`, `tax_number`, `kind` (normal, special), `address`, `phone`,
    `bank`, `account_number`. Fields that are not needed are empty."""
    buyer = Buyer(
        title=title.strip(),
        tax_number=tax_number.strip().upper(),
        kind=InvoiceKind.SPECIAL if kind == "special" else InvoiceKind.NORMAL,
        address=address.strip(),
        phone=phone.strip(),
        bank=bank.strip(),
        account_number=account_number.strip(),
    )
    actions.correct_buyer(uow, invoice_id, buyer, actor=actor.account, now=now, keys=tools.keys)
    return done(request, f"/billing/invoices/{invoice_id}", "已更正购买方，重新核对后提交。")


@router.post("/invoices/{invoice_id}/confirm-red")
def confirm_red(
    request: Request, invoice_id: UUID, actor: labels.Finance, uow: Uow, now: Now, reason: Reason = ""
) -> Response:
    """Confirm the red letter. `reason`: the bureau's code, 01 to 04 (states.RedReason)."""
    actions.confirm_red_letter(uow, invoice_id, reason, actor=actor.account, now=now)
    return done(request, f"/billing/invoices/{invoice_id}", "已提交红冲。")


@router.post("/invoices/{invoice_id}/drop-red")
def drop_red(
    request: Request, invoice_id: UUID, actor: labels.Finance, uow: Uow, now: Now, reason: Reason = ""
) -> Response:
    """Drop the red letter. `reason`: why the invoice stays as it is."""
    actions.drop_red_letter(uow, invoice_id, reason=reason, actor=actor.account, now=now)
    return done(request, f"/billing/invoices/{invoice_id}", "已记为不红冲。")
