"""PDF documents: receipt acknowledgements, invoice requests, sample invoices and reconciliation statements.

Called by billing's tasks, pages and the fake invoice connector. Only the tax bureau's system issues invoices. No
document printed here is one, and each states so.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from services.billing.rules.invoices.vat import TRAINING_ITEM
from shared.adapters.typesetting import typeset
from shared.foundation.money import capitals, yuan

TEMPLATES = Path(__file__).with_name("templates")


@dataclass(frozen=True)
class Receipt:
    """A payment received for one student. `booked_on` is the bank's date; `bank_reference` names its entry."""

    number: str
    programme: str
    institution: str
    payer: str
    student: str
    firm: str
    payment_reference: str
    amount_fen: int
    booked_on: date
    bank_reference: str
    issued_on: date
    now: datetime


@dataclass(frozen=True)
class Party:
    """Buyer or seller of an invoice. Empty fields print empty."""

    name: str
    tax_number: str
    address: str = ""
    phone: str = ""
    bank: str = ""
    account_number: str = ""


@dataclass(frozen=True)
class InvoiceRequest:
    """A request to issue an invoice in the tax bureau's system. Amounts are printed as passed, never recomputed: net +
    tax = gross.

    `payer_note` is the stored 代付说明 if the payer is not the buyer.
    """

    number: str
    programme: str
    institution: str
    kind: Literal["normal", "special"]
    buyer: Party
    email: str
    tax_code: str
    rate: Decimal
    net_fen: int
    tax_fen: int
    gross_fen: int
    student: str
    payer: str
    remark: str
    requested_by: str
    issued_on: date
    now: datetime
    payer_note: str = ""
    item: str = TRAINING_ITEM


@dataclass(frozen=True)
class SampleInvoice:
    """The fake connector's stand-in for a digital invoice. `number` has 20 digits like a real one. A red one has
    negative amounts."""

    number: str
    kind: Literal["normal", "special"]
    buyer: Party
    seller: Party
    rate: Decimal
    net_fen: int
    tax_fen: int
    gross_fen: int
    remark: str
    drawer: str
    issued_on: date
    now: datetime
    item: str = TRAINING_ITEM


@dataclass(frozen=True)
class OpenItem:
    """A bank entry that is not matched yet, and why."""

    booked_on: date
    payer: str
    amount_fen: int
    reason: str


@dataclass(frozen=True)
class Reconciliation:
    """A bank account over a period, from billing's own stats. All amounts are fen; debits are positive."""

    programme: str
    institution: str
    account_number: str
    starts_on: date
    ends_on: date
    opening_fen: int
    applied_fen: int
    unapplied_fen: int
    unmatched_fen: int
    ignored_fen: int
    refunds_fen: int
    reversals_fen: int
    other_debits_fen: int
    closing_fen: int
    open_items: tuple[OpenItem, ...]
    now: datetime


def receipt_acknowledgement(receipt: Receipt) -> bytes:
    """Print 收款确认 (notice, clause 4: the self-paid part is remitted to the institution). It is not an invoice."""
    return _print("receipt_acknowledgement.typ", receipt, capitals=capitals(receipt.amount_fen))


def invoice_request(request: InvoiceRequest) -> bytes:
    """Print 开票申请单 (notice, clause 4: 由承训机构开具发票): the data to enter in the tax bureau's system. It is not an invoice."""
    return _print("invoice_request.typ", request, rate=_percent(request.rate), capitals=capitals(request.gross_fen))


def sample_invoice(invoice: SampleInvoice) -> bytes:
    """Print the 样张 of a digital invoice (全面数字化的电子发票) for trials: marked across the page, without the bureau's seal or
    QR."""
    return _print("sample_invoice.typ", invoice, rate=_percent(invoice.rate), capitals=capitals(invoice.gross_fen))


def reconciliation_statement(reconciliation: Reconciliation) -> bytes:
    """Print 对账调节表: opening + credits - debits against the closing balance, the difference in words, and all open items.

    Credits are applied + unapplied + unmatched + ignored, debits refunds + reversals + others.
    """
    r = reconciliation
    received = r.applied_fen + r.unapplied_fen + r.unmatched_fen + r.ignored_fen
    paid_out = r.refunds_fen + r.reversals_fen + r.other_debits_fen
    expected = r.opening_fen + received - paid_out
    return _print(
        "reconciliation_statement.typ",
        r,
        credits=yuan(received),
        debits=yuan(paid_out),
        expected=yuan(expected),
        difference=yuan(r.closing_fen - expected),
        balanced=r.closing_fen == expected,
        open_items=[_amounts(item) for item in r.open_items],
        open_total=yuan(sum(item.amount_fen for item in r.open_items)),
    )


def _print(template: str, document: Any, **printed: Any) -> bytes:
    return typeset(TEMPLATES / template, {**_amounts(document), **printed})


def _amounts(document: Any) -> dict[str, Any]:
    """Return the document's values, each `x_fen` also as `x` in yuan."""
    values: dict[str, Any] = vars(document)
    return values | {name.removesuffix("_fen"): yuan(value) for name, value in values.items() if name.endswith("_fen")}


def _percent(rate: Decimal) -> str:
    return f"{(rate * 100).normalize():f}%"
