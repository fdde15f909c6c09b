"""Everything that leaves a service leaves through here: written in the action's own transaction, sent by the relay."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import func
from sqlmodel import Session, col, select

from shared.events import Event
from shared.events.envelope import Envelope, publisher_of, source_of
from shared.foundation.correlation import correlation_id
from shared.observability import telemetry
from shared.persistence.bulk_insert import Row, bulk_insert
from shared.persistence.columns import one_of
from shared.persistence.models import LEAVES, JobRow, OutboxRow, PublishedEvent

_PENDING = "events_pending"
_STARTED = "jobs_started"
_LAST = (
    select(PublishedEvent.subject, func.max(PublishedEvent.sequence))
    .where(one_of(col(PublishedEvent.subject), "subjects"))
    .group_by(PublishedEvent.subject)
)


@dataclass(frozen=True)
class _Said:
    id: UUID
    event: Event
    at: datetime
    correlation_id: str
    traceparent: str


def publish(session: Session, event: Event, *, now: datetime) -> None:
    """Says `event` once this transaction commits. The caller holds the lock of the subject's row, which keeps the order.

    A repeat is a second event: actions ask their rows first.
    """
    event_id = uuid4()
    with telemetry.publishing(publisher_of(event.TYPE), event.TYPE, event_id) as traceparent:
        said = _Said(event_id, event, now, correlation_id(), traceparent)
    session.info.setdefault(_PENDING, []).append(said)
    session.info[LEAVES] = True


def start(session: Session, job: Row) -> None:
    """Hands out a job, by the columns of its row, once this transaction commits. Called by shared/jobs/job.py."""
    session.info.setdefault(_STARTED, []).append(job)
    session.info[LEAVES] = True


def write_pending(session: Session) -> None:
    """Hands over what was said, numbered by subject, and what was started. Called by the edge before the commit, so that what
    many actions of one transaction say and start is written at once."""
    bulk_insert(session, JobRow, session.info.pop(_STARTED, []))
    pending: list[_Said] = session.info.pop(_PENDING, [])
    if not pending:
        return
    numbers = _last_sequences(session, {said.event.subject for said in pending})
    index, outbox = [], []
    for said in pending:
        subject, kind = said.event.subject, said.event.TYPE
        sequence = numbers[subject] = numbers.get(subject, 0) + 1
        envelope = Envelope(
            id=said.id,
            type=kind,
            source=source_of(kind),
            subject=subject,
            sequence=sequence,
            time=said.at,
            correlation_id=said.correlation_id,
            body=said.event.model_dump_json().encode(),
            traceparent=said.traceparent,
        )
        index.append(
            {"event_id": said.id, "type": kind, "subject": subject, "sequence": sequence, "occurred_at": said.at}
        )
        outbox.append({"event_id": said.id, "headers": envelope.headers, "body": envelope.body.decode()})
    bulk_insert(session, PublishedEvent, index)
    bulk_insert(session, OutboxRow, outbox)


def _last_sequences(session: Session, subjects: set[str]) -> dict[str, int]:
    return dict(session.execute(_LAST, {"subjects": subjects}).all())
