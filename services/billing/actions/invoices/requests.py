"""An invoice before it is issued: opened when due, checked, completed by finance.

Called by settlement, by tasks (`check_request`) and by pages.
"""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID, uuid4

from services.billing.actions.locking import lock_invoice, lock_invoice_document, lock_invoices
from services.billing.actions.numbers import next_number
from services.billing.jobs import SubmitInvoice, WriteInvoiceRequest
from services.billing.models import Document, FeeAccount, Invoice
from services.billing.queries.balances import payments_of
from services.billing.queries.invoices import effective_fen
from services.billing.rules.invoices.buyers import Buyer, InvoiceKind, check_buyer
from services.billing.rules.invoices.vat import TaxRate, rate_on, vat_split
from services.billing.rules.matching.names import comparable
from services.billing.states import (
    INVOICE_STEPS,
    INVOICE_TITLES,
    AccountState,
    DocumentKind,
    InvoiceState,
)
from shared.adapters.keyring import KeyRing, mask_account
from shared.foundation.errors import Conflict, Invalid
from shared.foundation.transitions import check_step
from shared.jobs.job import enqueue
from shared.persistence.unit_of_work import UnitOfWork

STATEMENT_WANTED = "付款人与购买方不一致，须先收到代付说明。"
BUYER_UNCHECKED = "购买方已更正，正在重新核对。"
"""Blocks a submission that is already enqueued until the new data are checked."""


def request_invoices(uow: UnitOfWork, account: FeeAccount, *, actor: str, now: datetime) -> None:
    """Open an invoice for the part of the paid fee that is not invoiced yet, and enqueue every open request. The caller
    holds the programme's lock. A repeat opens nothing twice."""
    invoices = lock_invoices(uow, account.application_id)
    blue = [row for row in invoices if row.corrects_id is None]
    missing_fen = account.expected_fen - sum(effective_fen(row, invoices) for row in blue)
    if missing_fen > 0:
        blue.append(_open(uow, account, missing_fen, actor=actor, now=now))
    for row in blue:
        if row.state == InvoiceState.REQUESTED:
            enqueue(uow, WriteInvoiceRequest(invoice_id=row.id))


def _open(uow: UnitOfWork, account: FeeAccount, amount_fen: int, *, actor: str, now: datetime) -> Invoice:
    """Open an invoice. The buyer is the one the application states when the invoice becomes due; the amount covers the
    self-paid part only."""
    invoice = Invoice(
        id=uuid4(),
        application_id=account.application_id,
        request_no=next_number(uow, "KP", now=now),
        buyer_title=account.invoice_title,
        buyer_tax_number=account.invoice_tax_number,
        kind=account.invoice_kind,
        amount_fen=amount_fen,
        payer="",
        payer_is_buyer=True,
        submission_id=uuid4(),
        state=InvoiceState.REQUESTED,
        requested_at=now,
    )
    _note_payers(uow, invoice)
    uow.session.add(invoice)
    uow.session.flush()
    for kind, number in ((DocumentKind.INVOICE_REQUEST, invoice.request_no), (DocumentKind.INVOICE, None)):
        uow.session.add(
            Document(
                id=uuid4(),
                kind=kind,
                number=number,
                application_id=account.application_id,
                invoice_id=invoice.id,
                due_at=now,
            )
        )
    uow.record("open_invoice", str(invoice.id), actor=actor, now=now, details={"fen": amount_fen})
    uow.session.flush()
    return invoice


def _note_payers(uow: UnitOfWork, invoice: Invoice) -> bool:
    """Store the payers until the invoice is submitted. A statement for one payer is not valid for another. Returns
    whether the payer changed."""
    names = dict.fromkeys(entry.counterparty_name for entry, _ in payments_of(uow.session, invoice.application_id))
    payer = "、".join(names)
    is_another = payer != invoice.payer
    if is_another:
        invoice.payer, invoice.payer_statement, invoice.payer_statement_at = payer, "", None
        invoice.payer_statement_by = ""
    invoice.payer_is_buyer = all(comparable(name) == comparable(invoice.buyer_title) for name in names)
    return is_another


def is_payable(account: FeeAccount) -> bool:
    """Return whether the fee is due and paid. Only then is anything issued for it."""
    return account.state == AccountState.DUE and account.paid_at is not None


def check_request(
    uow: UnitOfWork,
    invoice: Invoice,
    buyer: Buyer,
    rates: Sequence[TaxRate],
    *,
    special_needs_contact: bool,
    day: date,
) -> bool:
    """Store the payers, and list all that finance must complete first: buyer, rate, 代付说明. `day` fixes rate, net and tax
    until the request is written; if the payer changes, it is written again. Returns whether the request is complete."""
    document = lock_invoice_document(uow, invoice.id, DocumentKind.INVOICE_REQUEST)
    if _note_payers(uow, invoice):
        document.sent_at = None
        uow.session.add(document)
    found = []
    try:
        check_buyer(buyer, special_needs_contact=special_needs_contact)
    except Invalid as refusal:
        found.append(str(refusal))
    try:
        if document.sent_at is None:
            _fix_rate(invoice, rate_on(rates, day))
    except Invalid as refusal:
        found.append(str(refusal))
    if not (invoice.payer_is_buyer or invoice.payer_statement_at):
        found.append(STATEMENT_WANTED)
    invoice.wanting = "".join(found)
    uow.session.add(invoice)
    return not found


def _fix_rate(invoice: Invoice, rate: TaxRate) -> None:
    split = vat_split(invoice.amount_fen, rate.rate)
    invoice.rate, invoice.net_fen, invoice.tax_fen = str(rate.rate), split.net_fen, split.tax_fen
    invoice.preference_code, invoice.rate_basis = rate.preference_code, rate.basis


def keep_payer_statement(uow: UnitOfWork, invoice_id: UUID, note: str, *, actor: str, now: datetime) -> Invoice:
    """Record that finance received the 代付说明; `note` is its content and where it is filed. The invoice continues. A
    repeat before the request was sent replaces the note. Raises Invalid for an empty note, Conflict if it is not needed
    or too late."""
    if not note.strip():
        raise Invalid("请写明代付说明的内容和存放位置。", code="note-missing")
    invoice = lock_invoice(uow, invoice_id)
    if invoice.payer_is_buyer or invoice.corrects_id:
        raise Conflict("付款人就是购买方，不需要代付说明。", code="no-statement-needed")
    if invoice.state != InvoiceState.REQUESTED:
        raise Conflict("这张申请单已提交，代付说明不能再改。", code="submitted")
    invoice.payer_statement, invoice.payer_statement_by, invoice.payer_statement_at = note.strip(), actor, now
    uow.session.add(invoice)
    uow.record("keep_payer_statement", str(invoice.id), actor=actor, now=now, details={"note": note.strip()})
    enqueue(uow, WriteInvoiceRequest(invoice_id=invoice.id))
    return invoice


def correct_buyer(
    uow: UnitOfWork, invoice_id: UUID, buyer: Buyer, *, actor: str, now: datetime, keys: KeyRing
) -> Invoice:
    """Complete or correct the buyer of a request that waits or has failed. The request is written and submitted again
    under a new id, because a connector knows the old one. Raises Invalid with a field error for each field that the
    bureau refuses."""
    check_buyer(buyer, special_needs_contact=False)
    invoice = lock_invoice(uow, invoice_id)
    if invoice.corrects_id or invoice.state not in (InvoiceState.REQUESTED, InvoiceState.FAILED):
        raise Conflict("只有未提交或开具失败的蓝字申请单可以更正购买方。", code="submitted")
    if invoice.state == InvoiceState.FAILED:
        check_step(INVOICE_STEPS, InvoiceState.FAILED, InvoiceState.REQUESTED, titles=INVOICE_TITLES)
        invoice.state, invoice.failure = InvoiceState.REQUESTED, ""
    invoice.submission_id, invoice.wanting = uuid4(), BUYER_UNCHECKED
    invoice.buyer_title, invoice.buyer_tax_number = buyer.title, buyer.tax_number
    invoice.kind = "special" if buyer.kind is InvoiceKind.SPECIAL else "normal"
    invoice.buyer_address, invoice.buyer_phone, invoice.buyer_bank = buyer.address, buyer.phone, buyer.bank
    programme = uow.session.get_one(FeeAccount, invoice.application_id).programme
    number = buyer.account_number
    sealed = keys.seal("bank", programme, number, mask=mask_account(number)) if number else None
    invoice.buyer_account = sealed.model_dump() if sealed else None
    uow.session.add(invoice)
    document = lock_invoice_document(uow, invoice.id, DocumentKind.INVOICE_REQUEST)
    document.sent_at = None
    uow.session.add(document)
    uow.record("correct_buyer", str(invoice.id), actor=actor, now=now, details={"title": buyer.title})
    enqueue(uow, WriteInvoiceRequest(invoice_id=invoice.id))
    return invoice


def resubmit_invoice(uow: UnitOfWork, invoice_id: UUID, *, actor: str, now: datetime) -> Invoice:
    """Submit a failed request to the connector again, under the same request id; check a waiting one again. Raises
    Conflict if nothing may be issued any more."""
    invoice = lock_invoice(uow, invoice_id)
    if invoice.state != InvoiceState.REQUESTED:
        check_step(INVOICE_STEPS, InvoiceState(invoice.state), InvoiceState.SUBMITTED, titles=INVOICE_TITLES)
    if invoice.corrects_id is None and not is_payable(uow.session.get_one(FeeAccount, invoice.application_id)):
        raise Conflict("这份报名的费用未缴清或已终止，不能开票。", code="not-paid")
    is_new = invoice.state == InvoiceState.REQUESTED and invoice.corrects_id is None
    enqueue(uow, (WriteInvoiceRequest if is_new else SubmitInvoice)(invoice_id=invoice.id))
    uow.record("resubmit_invoice", str(invoice.id), actor=actor, now=now)
    return invoice
