"""Billing's tables: fee accounts, bank statements and entries, the ledger, refunds, subsidies, documents, invoices."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Index, UniqueConstraint, text
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.persistence.columns import UtcDateTime

registered = registry()


class BillingRow(SQLModel, registry=registered):
    """Base of billing's tables."""


class ProgrammeRow(BillingRow, table=True):
    """The copy of a programme; `data` is shared.events.intake.Programme. Every action that moves money locks this row
    first."""

    __tablename__ = "programme"
    code: str = Field(primary_key=True)
    version: int
    account_number: str = Field(index=True)
    data: dict[str, Any] = Field(sa_type=JSON)


class FeeAccount(BillingRow, table=True):
    """The self-paid fee of one application: who may pay it, the expected amount, and its state.

    The amount paid is not stored: it is the balance of the ledger. `paid_at` is the booking time of the entry that
    completed the fee. It is set exactly while FeePaid is the latest of the payment events; `refund_closed_at` likewise
    for RefundClosed. If finance declines an ordered refund, `refund_answered_at` replaces `refund_ordered_at`.
    """

    __tablename__ = "fee_account"
    application_id: UUID = Field(primary_key=True)
    programme: str = Field(foreign_key="programme.code", index=True)
    revision: int
    application_no: str = Field(unique=True)
    reference: str = Field(unique=True)
    student_name: str
    firm_name: str
    former_name: str
    credit_code: str = Field(index=True)
    email: dict[str, Any] = Field(sa_type=JSON)
    invoice_title: str
    invoice_tax_number: str
    invoice_kind: str
    expected_fen: int = Field(sa_type=BigInteger)
    state: str = Field(index=True)
    ended_because: str = ""
    submitted_at: datetime = Field(sa_type=UtcDateTime)
    admitted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    pay_by: datetime | None = Field(default=None, sa_type=UtcDateTime)
    paid_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    overdue_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    refund_ordered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    refund_reason: str = ""
    refund_answered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    refund_closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Statement(BillingRow, table=True):
    """A bank's file, unique by its SHA-256, and the data in its header. `covers_*` is half-open."""

    __tablename__ = "statement"
    id: UUID = Field(primary_key=True)
    programme: str = Field(foreign_key="programme.code")
    account_number: str = Field(index=True)
    sha256: str = Field(unique=True)
    claim: dict[str, Any] = Field(sa_type=JSON)
    filename: str
    layout: str
    opening_fen: int | None = Field(default=None, sa_type=BigInteger)
    closing_fen: int | None = Field(default=None, sa_type=BigInteger)
    covers_from: datetime = Field(sa_type=UtcDateTime)
    covers_to: datetime = Field(sa_type=UtcDateTime)
    covered_until: datetime = Field(sa_type=UtcDateTime)
    entries: int
    matched_count: int = Field(default=0, sa_column_kwargs={"name": "judged"})
    state: str = Field(index=True)
    findings: list[str] = Field(default_factory=list, sa_type=JSON)
    uploaded_by: str
    uploaded_at: datetime = Field(sa_type=UtcDateTime)
    imported_by: str = ""
    imported_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class BankEntry(BillingRow, table=True):
    """One entry of a statement. `proposed_*` is the latest proposal of the rules. `allocations` and `unapplied_fen` are
    what the entry moved or, while it is open, what its proposal would move. Signs as in rules.proposals."""

    __tablename__ = "bank_entry"
    __table_args__ = (
        UniqueConstraint("statement_id", "position"),
        Index(
            "one_entry_per_fingerprint",
            "fingerprint",
            unique=True,
            sqlite_where=text("state IN ('open', 'booked')"),
            postgresql_where=text("state IN ('open', 'booked')"),
        ),
    )
    id: UUID = Field(primary_key=True)
    statement_id: UUID = Field(foreign_key="statement.id", index=True)
    position: int
    line: int
    booked_at: datetime = Field(sa_type=UtcDateTime, index=True)
    direction: str
    amount_fen: int = Field(sa_type=BigInteger)
    balance_fen: int | None = Field(default=None, sa_type=BigInteger)
    counterparty_name: str
    counterparty_account: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    account_index: str = Field(index=True)
    account_reliable: bool
    remark: str
    summary: str
    serial: str | None = None
    is_reversal: bool
    fingerprint: str
    state: str = Field(index=True)
    outcome: str = Field(default="", index=True)
    reason: str = ""
    flags: list[str] = Field(default_factory=list, sa_type=JSON)
    candidates: list[str] = Field(default_factory=list, sa_type=JSON)
    proposed_allocations: dict[str, int] = Field(default_factory=dict, sa_type=JSON)
    proposed_unapplied_fen: int = Field(default=0, sa_type=BigInteger)
    counterpart_id: UUID | None = None
    allocations: dict[str, int] = Field(default_factory=dict, sa_type=JSON)
    unapplied_fen: int = Field(default=0, sa_type=BigInteger)
    decision: str = ""
    taken_back: bool = False
    undone: bool = False
    decided_by: str = ""
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    note: str = ""


class LedgerTransaction(BillingRow, table=True):
    """One balanced set of postings; never changed, never deleted."""

    __tablename__ = "ledger_transaction"
    id: UUID = Field(primary_key=True)
    kind: str = Field(index=True)
    entry_id: UUID | None = Field(default=None, foreign_key="bank_entry.id", index=True)
    refund_id: UUID | None = Field(default=None, index=True)
    note: str
    actor: str
    posted_at: datetime = Field(sa_type=UtcDateTime)


class Posting(BillingRow, table=True):
    """One line of a transaction: positive fen are debits, negative fen credits. Each transaction sums to zero."""

    __tablename__ = "posting"
    id: int | None = Field(default=None, primary_key=True)
    transaction_id: UUID = Field(foreign_key="ledger_transaction.id", index=True)
    entry_id: UUID | None = Field(default=None, foreign_key="bank_entry.id", index=True)
    account: str = Field(index=True)
    application_id: UUID | None = Field(default=None, index=True)
    fen: int = Field(sa_type=BigInteger)


class Refund(BillingRow, table=True):
    """Money returned to the account that paid it; `sources` are the entries it comes from."""

    __tablename__ = "refund"
    id: UUID = Field(primary_key=True)
    number: str = Field(unique=True)
    programme: str
    application_id: UUID | None = Field(default=None, foreign_key="fee_account.application_id", index=True)
    payee_name: str
    payee_account: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    account_index: str
    account_reliable: bool
    amount_fen: int = Field(sa_type=BigInteger)
    reason: str
    state: str = Field(index=True)
    proposed_by: str
    proposed_at: datetime = Field(sa_type=UtcDateTime)
    approved_by: str = ""
    approved_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    sent_entry_id: UUID | None = Field(default=None, foreign_key="bank_entry.id", index=True)
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    bounced_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    bounced_entry_id: UUID | None = Field(default=None, index=True)
    declined_because: str = ""


class RefundSource(BillingRow, table=True):
    """How much of a refund comes from one received entry: from a fee, and from unapplied money."""

    __tablename__ = "refund_source"
    refund_id: UUID = Field(primary_key=True, foreign_key="refund.id")
    entry_id: UUID = Field(primary_key=True, foreign_key="bank_entry.id", index=True)
    fee_fen: int = Field(sa_type=BigInteger)
    unapplied_fen: int = Field(sa_type=BigInteger)
    unapplied_of: UUID | None = None


class SubsidyLine(BillingRow, table=True):
    """A claim of the service centre for one seat (notice, clause 4). It is no receivable of the institution."""

    __tablename__ = "subsidy_line"
    application_id: UUID = Field(primary_key=True, foreign_key="fee_account.application_id")
    code: str = Field(primary_key=True)
    title: str
    payee: str
    amount_fen: int = Field(sa_type=BigInteger)
    cancelled: bool = False
    changed_at: datetime = Field(sa_type=UtcDateTime)


class Document(BillingRow, table=True):
    """A document due to a person and, once written and sent, its file. The tax bureau numbers the invoices. `held_for`:
    characters that no font covers; the document waits until a person continues it."""

    __tablename__ = "document"
    __table_args__ = (
        UniqueConstraint("kind", "invoice_id"),
        UniqueConstraint("kind", "number"),
        Index(
            "one_receipt_per_application",
            "application_id",
            unique=True,
            sqlite_where=text("kind = 'receipt'"),
            postgresql_where=text("kind = 'receipt'"),
        ),
    )
    id: UUID = Field(primary_key=True)
    kind: str
    number: str | None = None
    application_id: UUID = Field(foreign_key="fee_account.application_id", index=True)
    invoice_id: UUID | None = Field(default=None, foreign_key="invoice.id")
    claim: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    due_at: datetime = Field(sa_type=UtcDateTime)
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    held_for: str = ""


class Invoice(BillingRow, table=True):
    """An invoice from its request on, or the red letter that cancels `amount_fen` of the invoice in `corrects_id`.

    The buyer is a snapshot. `rate` (a decimal), net and tax are fixed when the request is written; those of a red
    letter are positive too. `wanting` is what finance must complete before the request. `submission_id` is the
    connector's idempotency key; a correction creates a new one.
    """

    __tablename__ = "invoice"
    id: UUID = Field(primary_key=True)
    application_id: UUID = Field(foreign_key="fee_account.application_id", index=True)
    request_no: str = Field(unique=True)
    corrects_id: UUID | None = Field(default=None, foreign_key="invoice.id", index=True)
    red_reason: str = ""
    buyer_title: str
    buyer_tax_number: str
    buyer_address: str = ""
    buyer_phone: str = ""
    buyer_bank: str = ""
    buyer_account: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    kind: str
    amount_fen: int = Field(sa_type=BigInteger)
    rate: str = ""
    preference_code: str = ""
    rate_basis: str = ""
    net_fen: int = Field(default=0, sa_type=BigInteger)
    tax_fen: int = Field(default=0, sa_type=BigInteger)
    payer: str
    payer_is_buyer: bool
    payer_statement: str = ""
    payer_statement_by: str = ""
    payer_statement_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    wanting: str = ""
    submission_id: UUID
    state: str = Field(index=True)
    number: str | None = Field(default=None, unique=True)
    requested_at: datetime = Field(sa_type=UtcDateTime)
    submitted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    queried_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    issued_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    failure: str = ""


class NumberSeries(BillingRow, table=True):
    """The last number issued in a series. It is incremented in the transaction that uses it, so no number is lost."""

    __tablename__ = "number_series"
    series: str = Field(primary_key=True)
    last: int
