"""The inbox: detects repeated and stale events of a batch. Reads in two statements, writes at the end.

Used by the consumer, in the transaction of the handlers.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlmodel import col, select

from shared.events.envelope import Envelope
from shared.foundation.errors import Conflict
from shared.persistence.columns import for_update, one_of
from shared.persistence.models import InboxRow, LastSequence
from shared.persistence.unit_of_work import UnitOfWork

_PartKey = tuple[str, str, str]
_RECEIVED = select(InboxRow.event_id, InboxRow.digest).where(one_of(col(InboxRow.event_id), "ids"))
# Ordered, because locking in one order avoids deadlocks.
_PARTS = for_update(
    select(LastSequence.source, LastSequence.subject, LastSequence.part, LastSequence.sequence)
    .where(one_of(col(LastSequence.source), "sources"), one_of(col(LastSequence.subject), "subjects"))
    .order_by(LastSequence.source, LastSequence.subject, LastSequence.part)
)


class Inbox:
    """The inbox rows and last sequence numbers of a batch. Call `save` once, after the handlers."""

    def __init__(self, uow: UnitOfWork, envelopes: Iterable[Envelope]) -> None:
        ids = {envelope.id for envelope in envelopes}
        parameters = {"sources": {one.source for one in envelopes}, "subjects": {one.subject for one in envelopes}}
        parts = uow.session.execute(_PARTS, parameters)
        self._uow = uow
        self._digests: dict[UUID, str] = dict(uow.session.execute(_RECEIVED, {"ids": ids}).all())
        self._parts: dict[_PartKey, int] = {(*key,): sequence for *key, sequence in parts}
        self._stored_parts = set(self._parts)
        self._changed_parts: set[_PartKey] = set()
        self._rows: list[dict[str, Any]] = []

    def knows(self, envelope: Envelope) -> bool:
        """Whether the event was handled before. Raises Conflict when its id was used with other content."""
        digest = self._digests.get(envelope.id)
        if digest is not None and digest != _digest(envelope):
            raise Conflict("消息编号 {id} 已用于另一内容。", code="event-id-reused", values={"id": envelope.id})
        return digest is not None

    def is_newer(self, envelope: Envelope, part: str) -> bool:
        """Whether the event is the newest of its part; if so, store its sequence number."""
        key = (envelope.source, envelope.subject, part)
        if self._parts.get(key, 0) >= envelope.sequence:
            return False
        self._parts[key] = envelope.sequence
        self._changed_parts.add(key)
        return True

    def record(self, envelope: Envelope, outcome: str, *, now: datetime) -> None:
        """Add an inbox row for the event. `outcome`: handled or stale."""
        self._digests[envelope.id] = _digest(envelope)
        self._rows.append(
            {
                "event_id": envelope.id,
                "source": envelope.source,
                "type": envelope.type,
                "subject": envelope.subject,
                "sequence": envelope.sequence,
                "digest": self._digests[envelope.id],
                "outcome": outcome,
                "handled_at": now,
            }
        )

    def save(self) -> None:
        """Write the rows. A concurrent consumer of the same events fails here, and finds them in the inbox when they
        are redelivered."""
        self._uow.bulk_insert(InboxRow, self._rows)
        self._uow.bulk_insert(
            LastSequence, [self._row(key) for key in sorted(self._changed_parts - self._stored_parts)]
        )
        if updated := self._changed_parts & self._stored_parts:
            self._uow.session.execute(update(LastSequence), [self._row(key) for key in sorted(updated)])

    def _row(self, key: _PartKey) -> dict[str, Any]:
        return {"source": key[0], "subject": key[1], "part": key[2], "sequence": self._parts[key]}


def _digest(envelope: Envelope) -> str:
    """SHA-256, hex, over the type, the subject and the body."""
    return hashlib.sha256(f"{envelope.type}\n{envelope.subject}\n".encode() + envelope.body).hexdigest()
