"""Slow jobs of billing: the rest of a large import, receipts, invoice requests, invoices. Thin; a repeat of a job replaces
its message and says nothing twice."""

from sqlmodel import Session

from services.billing import actions, documents, jobs
from services.billing.connectors import make_connector
from services.billing.connectors.interface import Failed, InvoicePayload, Issued
from services.billing.models import Document, FeeAccount, Invoice, ProgrammeRow
from services.billing.queries.balances import payments_of
from services.billing.rules.invoicing import TAX_CODE, tax_of
from services.billing.states import DOCUMENT_TITLES, DocumentKind, InvoiceState
from shared.clock import local
from shared.context import Context
from shared.events import Sealed
from shared.events.intake import Programme
from shared.jobs import start
from shared.post import Letter


def judge_entries(session: Session, job: jobs.JudgeEntries, *, context: Context) -> str:
    """Judges the next batch of a statement."""
    left = actions.judge_entries(session, job.statement_id, actor=context.actor, now=context.now)
    return f"{left} left"


def write_receipt(session: Session, job: jobs.WriteReceipt, *, context: Context) -> str:
    """收款确认: money arrived; this is no invoice."""
    document = actions.lock_document(session, job.application_id, DocumentKind.RECEIPT)
    account = session.get_one(FeeAccount, job.application_id)
    payments = payments_of(session, job.application_id)
    if document.sent_at or account.paid_at is None:
        return "not needed"
    programme = _programme(session, account)
    content = documents.receipt_acknowledgement(
        documents.Receipt(
            number=str(document.number),
            programme=programme.title,
            institution=programme.institution,
            payer="、".join(dict.fromkeys(entry.counterparty_name for entry, _ in payments)),
            student=account.student_name,
            firm=account.firm_name,
            payment_reference=account.reference,
            amount_fen=sum(fen for _, fen in payments),
            booked_on=local(account.paid_at).date(),
            bank_reference="、".join(
                entry.serial or f"{local(entry.booked_at):%m月%d日 %H:%M}" for entry, _ in payments
            ),
            issued_on=local(context.now).date(),
            now=context.now,
        )
    )
    _send(session, account, document, content, "款项已收到，收款确认见附件。本单不是发票，发票将另行发送。", context)
    return "sent"


def write_invoice_request(session: Session, job: jobs.WriteInvoiceRequest, *, context: Context) -> str:
    """开票申请单, and the request to the connector."""
    document = actions.lock_document(session, job.application_id, DocumentKind.INVOICE_REQUEST)
    account = session.get_one(FeeAccount, job.application_id)
    if document.sent_at or account.paid_at is None:
        return "not needed"
    invoice = actions.invoice_of(session, job.application_id)
    content = documents.invoice_request(_request(session, account, invoice, context))
    _send(session, account, document, content, "开票申请已登记，见附件。本单不是发票，开具后将发送电子发票。", context)
    actions.note_invoice_requested(session, invoice, now=context.now)
    return "sent"


def _request(session: Session, account: FeeAccount, invoice: Invoice, context: Context) -> documents.InvoiceRequest:
    programme, day = _programme(session, account), local(context.now).date()
    tax = tax_of(invoice.amount_fen, on=day)
    return documents.InvoiceRequest(
        number=invoice.request_no,
        programme=programme.title,
        institution=programme.institution,
        kind="special" if invoice.kind == "special" else "normal",
        buyer=documents.Party(invoice.buyer_title, invoice.buyer_tax_number),
        email=_address(account, context),
        tax_code=TAX_CODE,
        rate=tax.rate,
        net_fen=tax.net_fen,
        tax_fen=tax.tax_fen,
        gross_fen=invoice.amount_fen,
        student=account.student_name,
        payer=invoice.payer,
        remark=_remark(account, invoice),
        requested_by="系统（录取且缴清后自动申请）",
        issued_on=day,
        now=context.now,
        payer_note="" if invoice.payer_is_buyer else "付款人与购买方不一致，须附代付说明",
    )


def submit_invoice(session: Session, job: jobs.SubmitInvoice, *, context: Context) -> str:
    """Hands the request to the connector under the invoice's id."""
    invoice = actions.lock_invoice(session, job.invoice_id)
    if invoice.state == InvoiceState.ISSUED:
        return "issued before"
    make_connector(context.tools).submit(invoice.id, _payload(session, invoice, context))
    actions.note_invoice_submitted(session, invoice, now=context.now)
    return "submitted"


def query_invoice(session: Session, job: jobs.QueryInvoice, *, context: Context) -> str:
    """Asks the connector; an issued invoice is kept and sent. A request that the connector has lost is handed over again."""
    invoice = actions.lock_invoice(session, job.invoice_id)
    if invoice.state != InvoiceState.SUBMITTED:
        return "not needed"
    connector = make_connector(context.tools)
    try:
        answer = connector.query(invoice.id, now=context.now)
    except LookupError:
        start(session, jobs.SubmitInvoice(invoice_id=invoice.id))
        return "lost, submitted again"
    invoice.queried_at = context.now
    session.add(invoice)
    if isinstance(answer, Issued):
        _take_issued(session, invoice, answer, context)
        return "issued"
    if isinstance(answer, Failed):
        actions.note_invoice_failed(session, invoice, answer.reason, actor=context.actor, now=context.now)
        return "failed"
    if job.round < actions.ROUNDS:
        start(session, jobs.QueryInvoice(invoice_id=invoice.id, round=job.round + 1))
    return "pending"


def _take_issued(session: Session, invoice: Invoice, issued: Issued, context: Context) -> None:
    actions.note_invoice_issued(session, invoice, issued.number, issued.issued_at, now=context.now)
    document = actions.lock_document(session, invoice.application_id, DocumentKind.INVOICE)
    account = session.get_one(FeeAccount, invoice.application_id)
    _send(session, account, document, issued.pdf, f"发票已开具，号码 {issued.number}，见附件。", context)


def _payload(session: Session, invoice: Invoice, context: Context) -> InvoicePayload:
    account = session.get_one(FeeAccount, invoice.application_id)
    programme = _programme(session, account)
    tax = tax_of(invoice.amount_fen, on=local(context.now).date())
    return InvoicePayload(
        kind="special" if invoice.kind == "special" else "normal",
        buyer=documents.Party(invoice.buyer_title, invoice.buyer_tax_number),
        seller=documents.Party(
            programme.institution,
            "",
            bank=programme.remittance.bank,
            account_number=programme.remittance.account_number,
        ),
        rate=tax.rate,
        net_fen=tax.net_fen,
        tax_fen=tax.tax_fen,
        gross_fen=invoice.amount_fen,
        remark=_remark(account, invoice),
    )


def _remark(account: FeeAccount, invoice: Invoice) -> str:
    return f"{invoice.request_no} 学员{account.student_name} 报名编号{account.application_no}"


def _send(
    session: Session, account: FeeAccount, document: Document, content: bytes, text: str, context: Context
) -> None:
    """Keeps the document and writes to the invoice address; the job's id makes a repeat replace the letter."""
    assert context.job_id is not None
    title = DOCUMENT_TITLES[DocumentKind(document.kind)]
    claim = context.tools.files.put(
        content,
        kind=document.kind,
        programme=account.programme,
        media_type="application/pdf",
        purpose="bank",
        key=f"documents/{account.programme}/{document.kind}/{document.id}",
    )
    letter = Letter(
        id=context.job_id,
        to=_address(account, context),
        subject=f"{title} {document.number}",
        text=f"{account.firm_name}、{account.student_name}：\n\n{text}",
        attachments={f"{title}{document.number}.pdf": content},
    )
    context.tools.post.send(letter)
    actions.note_document_sent(session, document, claim, actor=context.actor, now=context.now)


def _address(account: FeeAccount, context: Context) -> str:
    return context.tools.keys.open("contact", Sealed.model_validate(account.email))


def _programme(session: Session, account: FeeAccount) -> Programme:
    return Programme.model_validate(session.get_one(ProgrammeRow, account.programme).data)
