"""What billing answers to programs of the staff: fee accounts, statements, entries, refunds, invoices. Amounts are fen."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class Out(BaseModel):
    """Read from a row by its columns' names."""

    model_config = ConfigDict(from_attributes=True)


class AccountOut(Out):
    """A fee account, what has been paid, and what of it is unapplied."""

    application_id: UUID
    application_no: str
    programme: str
    reference: str
    firm_name: str
    student_name: str
    state: str = Field(serialization_alias="standing")
    submitted_at: datetime
    pay_by: datetime | None
    paid_at: datetime | None
    overdue_at: datetime | None
    expected_fen: int
    paid_fen: int
    unapplied_fen: int


class StatementOut(Out):
    """A statement, how far its import is, and what has to be confirmed before it."""

    id: UUID
    filename: str
    state: str
    account_number: str
    covers_from: datetime
    covers_to: datetime
    opening_fen: int | None
    closing_fen: int | None
    entries: int
    judged: int
    findings: list[str]


class EntryOut(Out):
    """A bank entry: what the rules said, what was decided, and who may be meant."""

    id: UUID
    statement_id: UUID
    booked_at: datetime
    direction: str
    amount_fen: int
    counterparty_name: str
    remark: str
    state: str
    outcome: str
    decision: str
    reason: str
    flags: list[str]
    candidates: list[str]
    proposed_allocations: dict[str, int]
    proposed_unapplied_fen: int


class RefundOut(Out):
    """A refund; `reference` is the payment reference of its application, empty for unmatched money."""

    id: UUID
    number: str
    state: str
    application_id: UUID | None
    reference: str
    payee_name: str
    amount_fen: int
    reason: str
    proposed_by: str
    approved_by: str
    sent_at: datetime | None
    bounced_at: datetime | None


class InvoiceOut(Out):
    """An invoice and its number, once issued; a red letter names the invoice that it `corrects_id`. `wanting`: what finance
    has to see to before it is requested."""

    id: UUID
    application_id: UUID
    corrects_id: UUID | None
    request_no: str
    state: str
    buyer_title: str
    amount_fen: int
    payer: str
    payer_is_buyer: bool
    payer_statement_at: datetime | None
    wanting: str
    number: str | None
    failure: str
