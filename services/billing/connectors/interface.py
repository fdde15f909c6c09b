"""What every invoice connector offers: submit a request, then ask until it is issued or has failed. Imported by tasks."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal, Protocol
from uuid import UUID

from services.billing.documents import Party
from services.billing.states import RedReason


@dataclass(frozen=True)
class InvoicePayload:
    """What is to be invoiced, or taken back of the invoice with the number `corrects` because of `red_reason`.

    Amounts in fen, positive, given and never recomputed: net + tax = gross.
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
    """Taken, not yet issued: ask again."""


@dataclass(frozen=True)
class Issued:
    """The invoice exists: its number, when it was issued, and its file."""

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
        """Hands the request over, or raises; a submitted request is not yet an issued invoice."""

    def query(self, request_id: UUID, *, now: datetime) -> Pending | Issued | Failed:
        """Where the request stands. Raises LookupError for one that was never submitted."""
