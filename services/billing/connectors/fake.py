"""Connector for trials: two queries return Pending, then it returns a sample marked 样张. It issues no invoice.

Its state is in Redis. If it is lost (a restart in standalone mode), it starts again with the next submission.
"""

import hashlib
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from redis import Redis

from services.billing.connectors.interface import Failed, InvoicePayload, Issued, Pending
from services.billing.documents import SampleInvoice, sample_invoice
from shared.foundation.clock import local

PENDING_ROUNDS = 2
_KEEP_SECONDS = 30 * 86_400
_PAYLOAD = TypeAdapter(InvoicePayload)


class FakeConnector:
    """See interface.InvoiceConnector. The number derives from request and year, so a repeated query returns the same
    invoice."""

    def __init__(self, redis: Redis) -> None:
        self._redis: Any = redis

    def submit(self, request_id: UUID, payload: InvoicePayload) -> None:
        self._redis.hsetnx(_key(request_id), "payload", _PAYLOAD.dump_json(payload).decode())
        self._redis.expire(_key(request_id), _KEEP_SECONDS)

    def query(self, request_id: UUID, *, now: datetime) -> Pending | Issued | Failed:
        stored = self._redis.hget(_key(request_id), "payload")
        if stored is None:
            raise LookupError(f"request {request_id} was never submitted")
        if self._redis.hincrby(_key(request_id), "asked", 1) <= PENDING_ROUNDS:
            return Pending()
        number = _number(request_id, now)
        return Issued(number=number, issued_at=now, pdf=_sample(number, _PAYLOAD.validate_json(stored), now))


def _key(request_id: UUID) -> str:
    return f"fake_invoice:{request_id}"


def _number(request_id: UUID, now: datetime) -> str:
    """Return 20 digits in the format of a digital invoice: year, province (11 is Beijing), channel, serial."""
    serial = int.from_bytes(hashlib.sha256(request_id.bytes).digest()[:8], "big") % 10**15
    return f"{local(now).year % 100:02d}110{serial:015d}"


def _sample(number: str, payload: InvoicePayload, now: datetime) -> bytes:
    sign = -1 if payload.corrects else 1
    return sample_invoice(
        SampleInvoice(
            number=number,
            kind=payload.kind,
            buyer=payload.buyer,
            seller=payload.seller,
            rate=payload.rate,
            net_fen=sign * payload.net_fen,
            tax_fen=sign * payload.tax_fen,
            gross_fen=sign * payload.gross_fen,
            remark=payload.remark,
            drawer="样张",
            issued_on=local(now).date(),
            now=now,
        )
    )
