"""Rows -> receipt acknowledgements, invoice requests, sample invoices and reconciliation statements, as PDF.

Called by billing's tasks, pages and the fake invoice connector. Only the tax bureau's system makes an invoice; nothing
printed here is one, and every sheet says so.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from services.billing.rules.vat import TRAINING_ITEM
from shared.adapters.typesetting import typeset
from shared.foundation.money import capitals, yuan

TEMPLATES = Path(__file__).with_name("templates")


@dataclass(frozen=True)
class Receipt:
    """Money that arrived for one student. `booked_on` is the bank's date; `bank_reference` names its entry."""

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
    """Buyer or seller of an invoice; what is empty prints empty."""

    name: str
    tax_number: str
    address: str = ""
    phone: str = ""
    bank: str = ""
    account_number: str = ""


@dataclass(frozen=True)
class InvoiceRequest:
    """What finance asks the tax bureau's system for. Amounts are given, never recomputed: net + tax = gross.

    `payer_note` is the stored 代付说明 where the payer is not the buyer.
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
    """What the fake connector shows in place of a digital invoice; `number` has its 20 digits. A red one has negative
    amounts."""

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
    """A bank entry that nobody has matched yet, and why."""

    booked_on: date
    payer: str
    amount_fen: int
    reason: str


@dataclass(frozen=True)
class Reconciliation:
    """A bank account over a period, from billing's own figures. All amounts are fen; debits are positive."""

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
    """收款确认 (notice, clause 4: the self-paid part is remitted to the institution): money arrived; this is no invoice."""
    return _print("receipt_acknowledgement.typ", receipt, capitals=capitals(receipt.amount_fen))


def invoice_request(request: InvoiceRequest) -> bytes:
    """开票申请单 (notice, clause 4: 由承训机构开具发票): what to enter in the tax bureau's system; this is no invoice."""
    return _print("invoice_request.typ", request, rate=_percent(request.rate), capitals=capitals(request.gross_fen))


def sample_invoice(invoice: SampleInvoice) -> bytes:
    """样张 of a digital invoice (全面数字化的电子发票) for try-outs: marked across the page, without the bureau's seal or QR."""
    return _print("sample_invoice.typ", invoice, rate=_percent(invoice.rate), capitals=capitals(invoice.gross_fen))


def reconciliation_statement(reconciliation: Reconciliation) -> bytes:
    """对账调节表: opening + credits - debits against the closing balance, the difference in words, and all open items.

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
    """The document's values, each `x_fen` also as `x` in yuan."""
    values = vars(document)
    return values | {name.removesuffix("_fen"): yuan(value) for name, value in values.items() if name.endswith("_fen")}


def _percent(rate: Decimal) -> str:
    return f"{(rate * 100).normalize():f}%"
