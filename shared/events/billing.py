"""Events of billing: the self-paid fee, refunds and invoices. Amounts are in fen; times are the bank's booking
times."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from shared.events.base import Event


class FeePaid(Event):
    """Allocations reached the self-paid part. Published each time they do, even if the person holds no seat."""

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
    """An admitted person has not paid by `pay_by`, and imported statements cover that time. `paid_fen`: amount paid by
    then."""

    TYPE: ClassVar[str] = "billing.fee_overdue.v1"
    PART: ClassVar[str] = "fee"
    application_id: UUID
    programme: str
    paid_fen: int
    pay_by: datetime
    covered_until: datetime


class RefundSent(Event):
    """A bank statement contains the debit of a refund. `total_fen`: sum of all refunds of the application so far,
    including this one; 0 in events that are older than the field."""

    TYPE: ClassVar[str] = "billing.refund_sent.v1"
    PART: ClassVar[str] = "refund"
    application_id: UUID
    programme: str
    amount_fen: int
    sent_at: datetime
    total_fen: int = 0


class RefundClosed(Event):
    """All ordered refunds are settled or waived. `closed_at`: time of the last refund's debit or of the waiver, or of
    the order if nothing had been paid. None: reopened, because a payment arrived, a refund was returned, or the seat
    was restored."""

    TYPE: ClassVar[str] = "billing.refund_closed.v1"
    PART: ClassVar[str] = "refund_closing"
    application_id: UUID
    programme: str
    closed_at: datetime | None


class InvoiceRequested(Event):
    """An invoice was requested under a request number. The request itself is not an invoice."""

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
    """The connector reported the red-letter invoice `invoice_number`, which reverses `amount_fen` of the invoice
    `corrects`."""

    TYPE: ClassVar[str] = "billing.red_invoice_issued.v1"
    PART: ClassVar[str] = "invoice"
    application_id: UUID
    programme: str
    request_no: str
    invoice_number: str
    corrects: str
    amount_fen: int
    issued_at: datetime
