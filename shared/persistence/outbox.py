"""The outbox: events as rows, written in the transaction of the action that publishes them, sent by the relay.

Used by the unit of work.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import func
from sqlmodel import Session, col, select

from shared.events import Event
from shared.events.envelope import Envelope, publisher_of, source_of
from shared.foundation.correlation import correlation_id
from shared.observability import telemetry
from shared.persistence.bulk_insert import Row
from shared.persistence.columns import one_of
from shared.persistence.models import PublishedEvent

# When a traced row was written, in nanoseconds. The relay removes it: the broker never gets it.
WRITTEN = "x-lingjun-written"
_LAST = (
    select(PublishedEvent.subject, func.max(PublishedEvent.sequence))
    .where(one_of(col(PublishedEvent.subject), "subjects"))
    .group_by(PublishedEvent.subject)
)


@dataclass(frozen=True)
class PendingEvent:
    """An event that a unit of work publishes, without its sequence number."""

    id: UUID
    event: Event
    at: datetime
    correlation_id: str
    traceparent: str


def pending(event: Event, *, now: datetime) -> PendingEvent:
    """The event with an id of its own, and the correlation id and the span of the work in progress."""
    event_id = uuid4()
    with telemetry.creating(publisher_of(event.TYPE), event.TYPE, event_id) as traceparent:
        return PendingEvent(event_id, event, now, correlation_id(), traceparent)


def rows(session: Session, events: Sequence[PendingEvent]) -> tuple[list[Row], list[Row]]:
    """The rows of PublishedEvent and of OutboxRow for these events, numbered by subject in their order."""
    if not events:
        return [], []
    numbers = _last_sequences(session, {pending.event.subject for pending in events})
    published, envelopes = [], []
    for pending in events:
        subject, kind = pending.event.subject, pending.event.TYPE
        sequence = numbers[subject] = numbers.get(subject, 0) + 1
        envelope = Envelope(
            id=pending.id,
            type=kind,
            source=source_of(kind),
            subject=subject,
            sequence=sequence,
            time=pending.at,
            correlation_id=pending.correlation_id,
            body=pending.event.model_dump_json().encode(),
            traceparent=pending.traceparent,
        )
        published.append(
            {"event_id": pending.id, "type": kind, "subject": subject, "sequence": sequence, "occurred_at": pending.at}
        )
        headers = envelope.headers | ({WRITTEN: time.time_ns()} if pending.traceparent else {})
        envelopes.append({"event_id": pending.id, "headers": headers, "body": envelope.body.decode()})
    return published, envelopes


def _last_sequences(session: Session, subjects: set[str]) -> dict[str, int]:
    return dict(session.execute(_LAST, {"subjects": subjects}).all())
