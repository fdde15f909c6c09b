"""Red letters: an issued invoice is cancelled as far as its money was reversed or refunded.

Called by settlement and paperwork, which propose, and by pages, where finance confirms.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID, uuid4

from services.billing.actions.locking import lock_invoice, lock_invoices
from services.billing.jobs import SubmitInvoice
from services.billing.models import Document, Invoice
from services.billing.queries.balances import allocated_fen
from services.billing.queries.invoices import effective_fen, red_letters_of
from services.billing.rules.invoices.vat import VatSplit, red_split
from services.billing.states import INVOICE_STEPS, INVOICE_TITLES, DocumentKind, InvoiceState, RedReason
from shared.foundation.errors import Conflict, Invalid
from shared.foundation.transitions import check_step
from shared.jobs.job import enqueue
from shared.persistence.unit_of_work import UnitOfWork


def update_red_letters(uow: UnitOfWork, application_id: UUID, *, actor: str, now: datetime) -> None:
    """Propose to cancel the amount of issued invoices beyond the allocated payments, newest invoice first. Withdraw a
    proposal if the money was paid again. Called after every change of invoices or payments; a repeat changes
    nothing."""
    invoices = lock_invoices(uow, application_id)
    issued = [row for row in invoices if row.corrects_id is None and row.state == InvoiceState.ISSUED]
    excess_fen = sum(effective_fen(row, invoices) for row in issued) - allocated_fen(uow.session, application_id)
    for invoice in reversed(issued):
        fen = min(max(excess_fen, 0), effective_fen(invoice, invoices))
        excess_fen -= fen
        _propose(uow, invoice, invoices, fen, actor=actor, now=now)


def _propose(
    uow: UnitOfWork, invoice: Invoice, invoices: Sequence[Invoice], fen: int, *, actor: str, now: datetime
) -> None:
    reds = [row for row in invoices if row.corrects_id == invoice.id]
    proposed = next((row for row in reds if row.state == InvoiceState.PROPOSED), None)
    if fen == 0:
        if proposed is not None:
            _step(proposed, InvoiceState.DROPPED)
            uow.session.add(proposed)
            uow.record("withdraw_red_letter", str(proposed.id), actor=actor, now=now)
        return
    if proposed is None:
        proposed = _red_letter(invoice, f"{invoice.request_no}-H{len(reds) + 1}", now=now)
        uow.record("propose_red_letter", str(proposed.id), actor=actor, now=now, details={"fen": fen})
    proposed.amount_fen = fen
    uow.session.add(proposed)
    uow.session.flush()


_COPIED = (
    "application_id",
    "buyer_title",
    "buyer_tax_number",
    "buyer_address",
    "buyer_phone",
    "buyer_bank",
    "buyer_account",
    "kind",
    "rate",
    "preference_code",
    "rate_basis",
    "payer",
    "payer_is_buyer",
)
"""A red letter has the buyer and the rate of the invoice that it corrects."""


def _red_letter(invoice: Invoice, request_no: str, *, now: datetime) -> Invoice:
    """Build a red letter. Its number derives from its invoice's number, so no series is locked here."""
    return Invoice(
        id=uuid4(),
        request_no=request_no,
        corrects_id=invoice.id,
        amount_fen=0,
        submission_id=uuid4(),
        state=InvoiceState.PROPOSED,
        requested_at=now,
        **{name: getattr(invoice, name) for name in _COPIED},
    )


def confirm_red_letter(uow: UnitOfWork, invoice_id: UUID, reason: str, *, actor: str, now: datetime) -> Invoice:
    """Request the red letter for one of the bureau's reasons (codes of RedReason). Net and tax are fixed now; the last
    red letter of an invoice takes the remainder of both. Raises Invalid for an unknown reason."""
    red = lock_invoice(uow, invoice_id)
    if reason not in set(RedReason):
        raise Invalid("请选择红冲原因。", code="red-reason")
    _check_red(red)
    _step(red, InvoiceState.REQUESTED)
    invoices = lock_invoices(uow, red.application_id)
    invoice = next(row for row in invoices if row.id == red.corrects_id)
    earlier = [_split(row) for row in red_letters_of(invoice, invoices) if row.id != red.id]
    split = red_split(_split(invoice), earlier, red.amount_fen, Decimal(invoice.rate))
    red.net_fen, red.tax_fen, red.red_reason = split.net_fen, split.tax_fen, reason
    uow.session.add(red)
    uow.session.add(
        Document(
            id=uuid4(),
            kind=DocumentKind.RED_LETTER,
            application_id=red.application_id,
            invoice_id=red.id,
            due_at=now,
        )
    )
    enqueue(uow, SubmitInvoice(invoice_id=red.id))
    details = {"fen": red.amount_fen, "reason": reason}
    uow.record("confirm_red_letter", str(red.id), actor=actor, now=now, details=details)
    return red


def drop_red_letter(uow: UnitOfWork, invoice_id: UUID, *, reason: str, actor: str, now: datetime) -> Invoice:
    """Leave the invoice as it is, with a reason. The next change of the money proposes the red letter again."""
    if not reason.strip():
        raise Invalid("请写明不红冲的原因。", code="reason-missing")
    red = lock_invoice(uow, invoice_id)
    _check_red(red)
    _step(red, InvoiceState.DROPPED)
    red.failure = reason.strip()
    uow.session.add(red)
    uow.record("drop_red_letter", str(red.id), actor=actor, now=now, details={"reason": red.failure})
    return red


def _check_red(row: Invoice) -> None:
    if row.corrects_id is None:
        raise Conflict("这是一张蓝字发票的申请，不是红字发票。", code="not-a-red-letter")


def _split(row: Invoice) -> VatSplit:
    return VatSplit(row.amount_fen, row.net_fen, row.tax_fen)


def _step(red: Invoice, target: InvoiceState) -> None:
    check_step(INVOICE_STEPS, InvoiceState(red.state), target, titles=INVOICE_TITLES)
    red.state = target
