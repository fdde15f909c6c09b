"""Names and payloads of billing's slow jobs."""

from typing import ClassVar
from uuid import UUID

from shared.jobs.job import Job


class MatchEntries(Job):
    """Match the next batch of entries of a large statement."""

    NAME: ClassVar[str] = "judge_entries"
    statement_id: UUID
    position: int


class WriteReceipt(Job):
    """Write and send 收款确认."""

    NAME: ClassVar[str] = "write_receipt"
    application_id: UUID


class WriteInvoiceRequest(Job):
    """Check a request; then write and send 开票申请单 and submit it to the connector, or record what finance must
    complete."""

    NAME: ClassVar[str] = "write_invoice_request"
    invoice_id: UUID


class SubmitInvoice(Job):
    """Submit a request to the invoice connector."""

    NAME: ClassVar[str] = "submit_invoice"
    invoice_id: UUID


class QueryInvoice(Job):
    """Query the connector for an issued invoice, and send it."""

    NAME: ClassVar[str] = "query_invoice"
    invoice_id: UUID
    round: int
