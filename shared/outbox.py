"""Everything that leaves a service leaves through here: written in the action's own transaction, sent by the relay."""

from datetime import datetime
from uuid import uuid4

from sqlalchemy import func
from sqlmodel import Session, select

from shared import telemetry
from shared.correlation import correlation_id
from shared.database import LEAVES
from shared.events import Event
from shared.messaging.envelope import Envelope, publisher_of, source_of
from shared.models import OutboxRow, PublishedEvent


def publish(session: Session, event: Event, *, now: datetime) -> None:
    """Says `event` once this transaction commits. The caller holds the lock of the subject's row, which keeps the order.

    A repeat is a second event: actions ask their rows first.
    """
    last = session.exec(select(func.max(PublishedEvent.sequence)).where(PublishedEvent.subject == event.subject)).one()
    event_id = uuid4()
    with telemetry.publishing(publisher_of(event.TYPE), event.TYPE, event_id) as traceparent:
        envelope = Envelope(
            id=event_id,
            type=event.TYPE,
            source=source_of(event.TYPE),
            subject=event.subject,
            sequence=(last or 0) + 1,
            time=now,
            correlation_id=correlation_id(),
            body=event.model_dump_json().encode(),
            traceparent=traceparent,
        )
    session.add(
        PublishedEvent(
            event_id=envelope.id,
            type=envelope.type,
            subject=envelope.subject,
            sequence=envelope.sequence,
            occurred_at=now,
        )
    )
    session.add(OutboxRow(event_id=envelope.id, headers=envelope.headers, body=envelope.body.decode()))
    session.info[LEAVES] = True
