"""Job that writes 收款确认."""

from sqlmodel import col, select

from services.billing import actions, documents, jobs
from services.billing.models import FeeAccount, Invoice
from services.billing.queries.balances import payments_of
from services.billing.tasks.sending import programme_of, send
from shared.adapters.typesetting import uncovered_in
from shared.context import Context
from shared.foundation.clock import local
from shared.persistence.unit_of_work import UnitOfWork


def write_receipt(uow: UnitOfWork, job: jobs.WriteReceipt, *, context: Context) -> str:
    """Send 收款确认: the payment arrived; it is not an invoice. Requests the 代付说明 if one is needed."""
    document = actions.lock_receipt(uow, job.application_id)
    account = uow.session.get_one(FeeAccount, job.application_id)
    if document.sent_at or account.paid_at is None:
        return "not needed"
    receipt = _receipt(uow, account, str(document.number), context)
    if missing := uncovered_in(receipt):
        actions.hold_document(uow, document, missing, actor=context.actor, now=context.now)
        return "waits for a person"
    content = documents.receipt_acknowledgement(receipt)
    text = "款项已收到，收款确认见附件。本单不是发票，发票将另行发送。" + _statement_request(uow, account)
    send(uow, account, document, content, text, context)
    return "sent"


def _receipt(uow: UnitOfWork, account: FeeAccount, number: str, context: Context) -> documents.Receipt:
    programme, payments = programme_of(uow, account), payments_of(uow.session, account.application_id)
    assert account.paid_at is not None
    return documents.Receipt(
        number=number,
        programme=programme.title,
        institution=programme.institution,
        payer="、".join(dict.fromkeys(entry.counterparty_name for entry, _ in payments)),
        student=account.student_name,
        firm=account.firm_name,
        payment_reference=account.reference,
        amount_fen=sum(fen for _, fen in payments),
        booked_on=local(account.paid_at).date(),
        bank_reference="、".join(entry.serial or f"{local(entry.booked_at):%m月%d日 %H:%M}" for entry, _ in payments),
        issued_on=local(context.now).date(),
        now=context.now,
    )


def _statement_request(uow: UnitOfWork, account: FeeAccount) -> str:
    unexplained = select(Invoice).where(
        Invoice.application_id == account.application_id,
        col(Invoice.payer_is_buyer).is_(False),
        col(Invoice.payer_statement_at).is_(None),
    )
    invoice = uow.session.exec(unexplained).first()
    if invoice is None:
        return ""
    return (
        f"\n\n付款人（{invoice.payer}）与发票购买方（{invoice.buyer_title}）不一致，请提供代付说明：写明代何人支付、"
        "金额和付款日期，由付款人签字或盖章、购买方加盖公章。收到代付说明后开具发票。"
    )
