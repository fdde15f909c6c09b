"""Interface of every invoice connector: submit a request, then query until it is issued or has failed. Imported by
tasks.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal, Protocol
from uuid import UUID

from services.billing.documents import Party
from services.billing.states import RedReason


@dataclass(frozen=True)
class InvoicePayload:
    """An invoice to issue, or a red letter for the invoice number `corrects` because of `red_reason`.

    Amounts are fen, positive, and never recomputed: net + tax = gross.
    """

    kind: Literal["normal", "special"]
    buyer: Party
    seller: Party
    rate: Decimal
    net_fen: int
    tax_fen: int
    gross_fen: int
    remark: str
    preference_code: str = ""
    corrects: str = ""
    red_reason: RedReason | None = None


@dataclass(frozen=True)
class Pending:
    """Accepted, not yet issued: query again."""


@dataclass(frozen=True)
class Issued:
    """The issued invoice: its number, the time of issue, and its file."""

    number: str
    issued_at: datetime
    pdf: bytes


@dataclass(frozen=True)
class Failed:
    """Not issued. `reason` is for finance, who may correct and submit again."""

    reason: str


class InvoiceConnector(Protocol):
    """`request_id` is the idempotency key: the same one submitted twice is one request."""

    def submit(self, request_id: UUID, payload: InvoicePayload) -> None:
        """Submit the request, or raise. A submitted request is not yet an issued invoice."""

    def query(self, request_id: UUID, *, now: datetime) -> Pending | Issued | Failed:
        """Return the state of the request. Raises LookupError for one that was never submitted."""
