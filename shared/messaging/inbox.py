"""What a service has heard, as far as one batch of deliveries needs it: read in two statements, written at the end.

Used by the consumer, within the transaction of the handlers.
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
_HEARD = select(InboxRow.event_id, InboxRow.digest).where(one_of(col(InboxRow.event_id), "ids"))
# In one order, because they are locked.
_PARTS = for_update(
    select(LastSequence.source, LastSequence.subject, LastSequence.part, LastSequence.sequence)
    .where(one_of(col(LastSequence.source), "sources"), one_of(col(LastSequence.subject), "subjects"))
    .order_by(LastSequence.source, LastSequence.subject, LastSequence.part)
)


class Inbox:
    """The memory of a batch. `save` once, after the handlers."""

    def __init__(self, uow: UnitOfWork, envelopes: Iterable[Envelope]) -> None:
        ids = {envelope.id for envelope in envelopes}
        named = {"sources": {one.source for one in envelopes}, "subjects": {one.subject for one in envelopes}}
        parts = uow.session.execute(_PARTS, named)
        self._uow = uow
        self._heard: dict[UUID, str] = dict(uow.session.execute(_HEARD, {"ids": ids}).all())
        self._parts: dict[_PartKey, int] = {(*key,): sequence for *key, sequence in parts}
        self._known_parts = set(self._parts)
        self._moved: set[_PartKey] = set()
        self._fresh: list[dict[str, Any]] = []

    def knows(self, envelope: Envelope) -> bool:
        """Whether the event was heard before. Raises Conflict when its id was, with other content."""
        known = self._heard.get(envelope.id)
        if known is not None and known != _digest(envelope):
            raise Conflict("消息编号 {id} 已用于另一内容。", code="event-id-reused", values={"id": envelope.id})
        return known is not None

    def is_newer(self, envelope: Envelope, part: str) -> bool:
        """Whether the event is the newest heard of its part; remembers it if so."""
        key = (envelope.source, envelope.subject, part)
        if self._parts.get(key, 0) >= envelope.sequence:
            return False
        self._parts[key] = envelope.sequence
        self._moved.add(key)
        return True

    def note(self, envelope: Envelope, outcome: str, *, now: datetime) -> None:
        """Remembers the event with its outcome: handled, or stale."""
        self._heard[envelope.id] = _digest(envelope)
        self._fresh.append(
            {
                "event_id": envelope.id,
                "source": envelope.source,
                "type": envelope.type,
                "subject": envelope.subject,
                "sequence": envelope.sequence,
                "digest": self._heard[envelope.id],
                "outcome": outcome,
                "handled_at": now,
            }
        )

    def save(self) -> None:
        """Writes what was noted; a consumer that takes over at the same moment fails here, and hears it again as known."""
        self._uow.bulk_insert(InboxRow, self._fresh)
        self._uow.bulk_insert(LastSequence, [self._row(key) for key in sorted(self._moved - self._known_parts)])
        if newer := self._moved & self._known_parts:
            self._uow.session.execute(update(LastSequence), [self._row(key) for key in sorted(newer)])

    def _row(self, key: _PartKey) -> dict[str, Any]:
        return {"source": key[0], "subject": key[1], "part": key[2], "sequence": self._parts[key]}


def _digest(envelope: Envelope) -> str:
    """SHA-256, hex, over the type, the subject and the body."""
    return hashlib.sha256(f"{envelope.type}\n{envelope.subject}\n".encode() + envelope.body).hexdigest()
