"""Real events to relay and to consume: copies of the event that results from an application of the load."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from sqlalchemy import insert
from sqlmodel import col, select

from benchmarks.applications import body_of
from benchmarks.installation import ACTOR, scratch
from services.intake import actions
from services.intake.models import Application, PlatformClient
from services.intake.schemas import ApplicationIn
from shared.events.envelope import Envelope, source_of
from shared.events.intake import ApplicationSubmitted
from shared.foundation.clock import real_now
from shared.messaging.transport import Outgoing
from shared.persistence.database import Database
from shared.persistence.models import OutboxRow

QUEUE = "bench"
TOPOLOGY = {QUEUE: (ApplicationSubmitted.TYPE,)}


class Events:
    """Copies of one ApplicationSubmitted of about 2 KB, each with its own application id."""

    def __init__(self, folder: Path) -> None:
        process = scratch(folder)
        with process.database.transaction() as uow:
            client = uow.session.exec(select(PlatformClient)).one()
            body = ApplicationIn.model_validate(body_of(0))
            filing = actions.Filing(body, client, ACTOR)
            (application,) = actions.file_applications(uow, [filing], now=real_now(), keys=process.tools.keys)
        assert isinstance(application, Application)
        application_id = str(application.id)
        self.tools = process.tools
        with process.database.reader() as session:
            rows = session.exec(select(OutboxRow)).all()
        self._before, self._after = next(row.body for row in rows if application_id in row.body).split(application_id)
        process.database.close()

    def copies(self, count: int) -> list[Outgoing]:
        """Return `count` new events, in the form that the relay passes to a transport."""
        return [self._copy() for _ in range(count)]

    def _copy(self) -> Outgoing:
        application_id = uuid4()
        envelope = Envelope(
            id=uuid4(),
            type=ApplicationSubmitted.TYPE,
            source=source_of(ApplicationSubmitted.TYPE),
            subject=str(application_id),
            sequence=1,
            time=datetime.now(UTC),
            correlation_id=uuid4().hex,
            body=f"{self._before}{application_id}{self._after}".encode(),
        )
        return Outgoing(envelope.id, envelope.type, envelope.headers, envelope.body)


def fill_outbox(database: Database, events: Sequence[Outgoing]) -> None:
    """Insert the events into a service's outbox, in one commit."""
    with database.transaction() as uow:
        rows = [{"event_id": event.id, "headers": event.headers, "body": event.body.decode()} for event in events]
        uow.session.execute(insert(OutboxRow), rows)


def outbox_is_empty(database: Database) -> bool:
    """Return whether all events were confirmed."""
    with database.reader() as session:
        return session.exec(select(col(OutboxRow.id)).limit(1)).first() is None
