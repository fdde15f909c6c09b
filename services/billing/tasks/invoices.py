"""Jobs of an invoice: the request, the connector, the issued invoice. A red letter follows the same path from the
connector on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from services.billing import actions, documents, jobs
from services.billing.connectors import MakeConnector
from services.billing.connectors.interface import Failed, InvoicePayload, Issued
from services.billing.models import FeeAccount, Invoice
from services.billing.rules.invoices.buyers import Buyer, InvoiceKind
from services.billing.rules.invoices.vat import TRAINING_TAX_CODE, TaxRate
from services.billing.states import DocumentKind, InvoiceState, RedReason
from services.billing.tasks.sending import address_of, programme_of, send
from shared.adapters.typesetting import uncovered_in
from shared.context import Context
from shared.events import Sealed
from shared.foundation.clock import local
from shared.jobs.job import enqueue
from shared.persistence.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class InvoicingTerms:
    """Invoicing settings of this installation. Without a connector a request stays requested."""

    make_connector: MakeConnector | None
    rates: Sequence[TaxRate]
    special_needs_contact: bool


def write_invoice_request(
    uow: UnitOfWork, job: jobs.WriteInvoiceRequest, *, context: Context, terms: InvoicingTerms
) -> str:
    """Send 开票申请单 and enqueue the submission, or create a work item for finance if the request is incomplete."""
    invoice = actions.lock_invoice(uow, job.invoice_id)
    account = uow.session.get_one(FeeAccount, invoice.application_id)
    if invoice.state != InvoiceState.REQUESTED or not actions.is_payable(account):
        return "not needed"
    is_complete = actions.check_request(
        uow,
        invoice,
        _buyer(account, invoice, context),
        terms.rates,
        special_needs_contact=terms.special_needs_contact,
        day=local(context.now).date(),
    )
    document = actions.lock_invoice_document(uow, invoice.id, DocumentKind.INVOICE_REQUEST)
    if not is_complete:
        return "waits for finance"
    if document.sent_at:
        enqueue(uow, jobs.SubmitInvoice(invoice_id=invoice.id))
        return "sent before"
    request = _request(uow, account, invoice, context)
    if missing := uncovered_in(request):
        actions.hold_document(uow, document, missing, actor=context.actor, now=context.now)
        return "waits for a person"
    content = documents.invoice_request(request)
    send(uow, account, document, content, "开票申请已提交，申请单见附件。本单不是发票。", context)
    actions.note_invoice_requested(uow, invoice, now=context.now)
    return "sent"


def submit_invoice(uow: UnitOfWork, job: jobs.SubmitInvoice, *, context: Context, terms: InvoicingTerms) -> str:
    """Submit the request, or a red letter, to the connector. A request whose fee is no longer paid is not submitted."""
    invoice = actions.lock_invoice(uow, job.invoice_id)
    account = uow.session.get_one(FeeAccount, invoice.application_id)
    if invoice.state not in (InvoiceState.REQUESTED, InvoiceState.FAILED, InvoiceState.SUBMITTED) or invoice.wanting:
        return "not needed"
    if invoice.corrects_id is None and not actions.is_payable(account):
        return "not needed"
    if terms.make_connector is None:
        return "no connector"
    payload = _payload(uow, account, invoice, context)
    terms.make_connector(context.tools.redis).submit(invoice.submission_id, payload)
    actions.note_invoice_submitted(uow, invoice, actor=context.actor, now=context.now)
    return "submitted"


def query_invoice(uow: UnitOfWork, job: jobs.QueryInvoice, *, context: Context, terms: InvoicingTerms) -> str:
    """Query the connector; store and send an issued invoice. A request that the connector has lost is submitted
    again."""
    invoice = actions.lock_invoice(uow, job.invoice_id)
    if invoice.state != InvoiceState.SUBMITTED:
        return "not needed"
    if terms.make_connector is None:
        return "no connector"
    try:
        answer = terms.make_connector(context.tools.redis).query(invoice.submission_id, now=context.now)
    except LookupError:
        enqueue(uow, jobs.SubmitInvoice(invoice_id=invoice.id))
        return "lost, submitted again"
    invoice.queried_at = context.now
    uow.session.add(invoice)
    if isinstance(answer, Issued):
        _send_issued(uow, invoice, answer, context)
        return "issued"
    if isinstance(answer, Failed):
        actions.note_invoice_failed(uow, invoice, answer.reason, actor=context.actor, now=context.now)
        return "failed"
    if job.round < actions.ROUNDS:
        enqueue(uow, jobs.QueryInvoice(invoice_id=invoice.id, round=job.round + 1))
    return "pending"


def _send_issued(uow: UnitOfWork, invoice: Invoice, issued: Issued, context: Context) -> None:
    document = actions.note_invoice_issued(
        uow, invoice, issued.number, issued.issued_at, actor=context.actor, now=context.now
    )
    account = uow.session.get_one(FeeAccount, invoice.application_id)
    title = "红字发票" if invoice.corrects_id else "发票"
    send(uow, account, document, issued.pdf, f"{title}已开具，号码 {issued.number}，见附件。", context)


def _buyer(account: FeeAccount, invoice: Invoice, context: Context) -> Buyer:
    return Buyer(
        title=invoice.buyer_title,
        tax_number=invoice.buyer_tax_number,
        kind=InvoiceKind.SPECIAL if invoice.kind == "special" else InvoiceKind.NORMAL,
        email=address_of(account, context),
        address=invoice.buyer_address,
        phone=invoice.buyer_phone,
        bank=invoice.buyer_bank,
        account_number=_account_number(invoice, context),
        remark=_remark(account, invoice),
    )


def _account_number(invoice: Invoice, context: Context) -> str:
    return (
        context.tools.keys.open("bank", Sealed.model_validate(invoice.buyer_account)) if invoice.buyer_account else ""
    )


def _party(invoice: Invoice, context: Context) -> documents.Party:
    return documents.Party(
        invoice.buyer_title,
        invoice.buyer_tax_number,
        address=invoice.buyer_address,
        phone=invoice.buyer_phone,
        bank=invoice.buyer_bank,
        account_number=_account_number(invoice, context),
    )


def _kind(invoice: Invoice) -> Literal["normal", "special"]:
    return "special" if invoice.kind == "special" else "normal"


def _request(uow: UnitOfWork, account: FeeAccount, invoice: Invoice, context: Context) -> documents.InvoiceRequest:
    programme = programme_of(uow, account)
    return documents.InvoiceRequest(
        number=invoice.request_no,
        programme=programme.title,
        institution=programme.institution,
        kind=_kind(invoice),
        buyer=_party(invoice, context),
        email=address_of(account, context),
        tax_code=TRAINING_TAX_CODE,
        rate=Decimal(invoice.rate),
        net_fen=invoice.net_fen,
        tax_fen=invoice.tax_fen,
        gross_fen=invoice.amount_fen,
        student=account.student_name,
        payer=invoice.payer,
        remark=_remark(account, invoice),
        requested_by="系统（录取且缴清后自动申请）",
        issued_on=local(context.now).date(),
        now=context.now,
        payer_note=invoice.payer_statement,
    )


def _payload(uow: UnitOfWork, account: FeeAccount, invoice: Invoice, context: Context) -> InvoicePayload:
    programme = programme_of(uow, account)
    original = uow.session.get_one(Invoice, invoice.corrects_id) if invoice.corrects_id else None
    return InvoicePayload(
        kind=_kind(invoice),
        buyer=_party(invoice, context),
        seller=documents.Party(
            programme.institution,
            "",
            bank=programme.remittance.bank,
            account_number=programme.remittance.account_number,
        ),
        rate=Decimal(invoice.rate),
        net_fen=invoice.net_fen,
        tax_fen=invoice.tax_fen,
        gross_fen=invoice.amount_fen,
        remark=_remark(account, invoice) + (f" 红冲 {original.number}" if original else ""),
        preference_code=invoice.preference_code,
        corrects=str(original.number) if original else "",
        red_reason=RedReason(invoice.red_reason) if original else None,
    )


def _remark(account: FeeAccount, invoice: Invoice) -> str:
    return f"{invoice.request_no} 学员{account.student_name} 报名编号{account.application_no}"
