"""What billing says: the self-paid fee, refunds and invoices. Amounts are fen; times are the bank's booking times."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from shared.events.base import Event


class FeePaid(Event):
    """Allocations reached the self-paid part. Said each time they do, also when the person holds no seat."""

    TYPE: ClassVar[str] = "billing.fee_paid.v1"
    PART: ClassVar[str] = "fee"
    application_id: UUID
    programme: str
    paid_fen: int
    paid_at: datetime


class FeePaymentReversed(Event):
    """Allocations fell below the self-paid part again."""

    TYPE: ClassVar[str] = "billing.fee_payment_reversed.v1"
    PART: ClassVar[str] = "fee"
    application_id: UUID
    programme: str
    paid_fen: int
    reversed_at: datetime


class FeeOverdue(Event):
    """An admitted person has not paid by pay_by, and imported statements cover that time. `paid_fen`: what had come by then."""

    TYPE: ClassVar[str] = "billing.fee_overdue.v1"
    PART: ClassVar[str] = "fee"
    application_id: UUID
    programme: str
    paid_fen: int
    pay_by: datetime
    covered_until: datetime


class RefundSent(Event):
    """The debit of a refund stands in a bank statement. `total_fen`: all that has been sent back for the application so far,
    this included; 0 in events from before it was said."""

    TYPE: ClassVar[str] = "billing.refund_sent.v1"
    PART: ClassVar[str] = "refund"
    application_id: UUID
    programme: str
    amount_fen: int
    sent_at: datetime
    total_fen: int = 0


class RefundClosed(Event):
    """Nothing is left to go back of what was ordered to, or it was decided that the rest stays; `closed_at` is the time of the
    last refund's debit or of that decision, and of the order where nothing had been paid. None: open again, because money came
    after all, or came back, or a seat did."""

    TYPE: ClassVar[str] = "billing.refund_closed.v1"
    PART: ClassVar[str] = "refund_closing"
    application_id: UUID
    programme: str
    closed_at: datetime | None


class InvoiceRequested(Event):
    """An invoice was asked for under a request number; the request itself is no invoice."""

    TYPE: ClassVar[str] = "billing.invoice_requested.v1"
    PART: ClassVar[str] = "invoice"
    application_id: UUID
    programme: str
    request_no: str
    amount_fen: int


class InvoiceIssued(Event):
    """The connector reported the issued invoice and its number."""

    TYPE: ClassVar[str] = "billing.invoice_issued.v1"
    PART: ClassVar[str] = "invoice"
    application_id: UUID
    programme: str
    request_no: str
    invoice_number: str
    amount_fen: int
    issued_at: datetime


class RedInvoiceIssued(Event):
    """The connector reported the red letter `invoice_number`, which takes `amount_fen` of the invoice `corrects` back."""

    TYPE: ClassVar[str] = "billing.red_invoice_issued.v1"
    PART: ClassVar[str] = "invoice"
    application_id: UUID
    programme: str
    request_no: str
    invoice_number: str
    corrects: str
    amount_fen: int
    issued_at: datetime
