"""Responses of billing's staff API: fee accounts, statements, entries, refunds, invoices. Amounts are fen."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class Out(BaseModel):
    """Base: read from a row by its attribute names."""

    model_config = ConfigDict(from_attributes=True)


class AccountOut(Out):
    """A fee account, with the amount paid and the amount unapplied."""

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
    """A statement, the progress of its import, and the findings to confirm before it."""

    id: UUID
    filename: str
    state: str
    account_number: str
    covers_from: datetime
    covers_to: datetime
    opening_fen: int | None
    closing_fen: int | None
    entries: int
    matched_count: int = Field(serialization_alias="judged")
    findings: list[str]


class EntryOut(Out):
    """A bank entry: the proposal of the rules, the decision, and the candidate applications."""

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
    """A refund. `reference` is the payment reference of its application, empty for unmatched money."""

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
    """An invoice, with its number once issued. A red letter has `corrects_id`, the invoice it cancels. `wanting` is
    what finance must complete before the request."""

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
