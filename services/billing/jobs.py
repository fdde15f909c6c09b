"""Names and payloads of billing's slow jobs."""

from typing import ClassVar
from uuid import UUID

from shared.jobs.job import Job


class MatchEntries(Job):
    """Judges the next batch of a large statement's entries."""

    NAME: ClassVar[str] = "judge_entries"
    statement_id: UUID
    position: int


class WriteReceipt(Job):
    """Writes and sends 收款确认."""

    NAME: ClassVar[str] = "write_receipt"
    application_id: UUID


class WriteInvoiceRequest(Job):
    """Checks a request; writes and sends 开票申请单 and hands it to the connector, or says what finance has to see to."""

    NAME: ClassVar[str] = "write_invoice_request"
    invoice_id: UUID


class SubmitInvoice(Job):
    """Hands a request to the invoice connector."""

    NAME: ClassVar[str] = "submit_invoice"
    invoice_id: UUID


class QueryInvoice(Job):
    """Asks the connector for an issued invoice, and sends it."""

    NAME: ClassVar[str] = "query_invoice"
    invoice_id: UUID
    round: int
