"""The consumer: handles a batch of deliveries in one transaction (inbox, effects, new outbox rows), then acknowledges
it.

A failing batch is split in halves until the failing delivery is alone. That delivery is retried with backoff, or
dead-lettered at once if it was refused. A database that cannot serve is waited for, and uses up no attempt. Runs in each
bus.py.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import structlog
from sqlmodel import SQLModel

from shared.context import Context, Tools
from shared.events import CONTRACTS, Event
from shared.events.envelope import JOB_DEAD_LETTER, PREFIX, Envelope, read_envelope, read_event
from shared.foundation.clock import Clock
from shared.foundation.correlation import correlated
from shared.foundation.errors import OutOfOrder, Refusal
from shared.foundation.retries import DELIVERY_DELAYS
from shared.messaging.inbox import Inbox
from shared.messaging.ordering import accepts_stale
from shared.messaging.transport import REPLAY, Delivery, Transport
from shared.observability import telemetry
from shared.observability.metrics import HANDLED, HANDLING, LAG, type_label
from shared.persistence.away import wait_until_writable
from shared.persistence.database import Database
from shared.persistence.server_away import ServerAway
from shared.persistence.unit_of_work import UnitOfWork

Handler = Callable[..., None]
Handlers = Mapping[type[Event], Handler]
RequeueJob = Callable[..., None]
BATCH = 100
_log = structlog.get_logger()


class Consumer:
    """Consumes one service's queue. Calls `handler(uow, event, context=…)`; each event takes effect once. `service` is
    the name in metrics and traces. `subjects` is the table whose rows nearly all handlers lock first: the rows of a
    batch are locked together. `requeue_job` is called for replayed dead letters of jobs."""

    def __init__(
        self,
        database: Database,
        transport: Transport,
        handlers: Handlers,
        *,
        clock: Clock,
        tools: Tools,
        subjects: type[SQLModel] | None = None,
        attempts: int = len(DELIVERY_DELAYS),
        service: str = "",
        requeue_job: RequeueJob | None = None,
    ) -> None:
        self._database, self._transport, self._handlers = database, transport, handlers
        self._clock, self._tools, self._attempts, self._service = clock, tools, attempts, service
        self._subjects, self._requeue = subjects, requeue_job

    async def run(self) -> None:
        """Consume until cancelled. Raises ConnectionError when the connection to the broker is lost."""
        while True:
            await self._process(await self._transport.receive(BATCH))

    async def _process(self, batch: Sequence[Delivery]) -> None:
        try:
            await asyncio.to_thread(self.handle, batch)
        except Exception as error:
            if isinstance(error, ServerAway):
                _log.error("database_away", reason=str(error.orig))
                await wait_until_writable(self._service, self._database)
                await self._process(batch)
            elif len(batch) > 1:
                middle = len(batch) // 2
                await self._process(batch[:middle])
                await self._process(batch[middle:])
            else:
                await self._handle_failure(batch[0], error)
        else:
            await self._transport.acknowledge(batch)

    async def _handle_failure(self, delivery: Delivery, error: Exception) -> None:
        reason = f"{type(error).__name__}: {error}"
        final = isinstance(error, Refusal) or delivery.attempt >= self._attempts
        kind = delivery.headers.get(PREFIX + "type")
        log = _log.bind(event_id=delivery.headers.get(PREFIX + "id"), type=kind)
        HANDLED.labels(self._service, type_label(kind), "buried" if final else "retried").inc()
        if final:
            log.error("event_buried", reason=reason)
            await self._transport.dead_letter(delivery, reason)
        else:
            log.warning("event_retried", reason=reason, attempt=delivery.attempt, awaited=isinstance(error, OutOfOrder))
            await self._transport.retry(delivery)

    def handle(self, batch: Sequence[Delivery]) -> None:
        """Handle a batch in one transaction, through the inbox, without acknowledging it. Raises the first handler's
        exception."""
        envelopes = [read_envelope(delivery.headers, delivery.body) for delivery in batch]
        outcomes: list[str] = []
        with self._database.transaction() as uow:
            inbox = Inbox(uow, envelopes)
            if self._subjects and (ids := _ids(envelopes)):
                uow.lock_rows(self._subjects, ids)
            for delivery, envelope in zip(batch, envelopes, strict=True):
                if self._requeue and envelope.type.startswith(JOB_DEAD_LETTER):
                    replay = delivery.headers.get(REPLAY)
                    number = replay if isinstance(replay, int) else 0
                    with correlated(envelope.correlation_id):
                        self._requeue(uow, envelope.id, replay=number, actor="dead-letters", now=self._clock.now())
                    outcomes.append("handled")
                else:
                    outcomes.append(self._handle_one(uow, inbox, envelope))
            inbox.save()
        self._count(envelopes, outcomes)

    def _count(self, envelopes: Sequence[Envelope], outcomes: Sequence[str]) -> None:
        """Update the metrics. Called after the commit, so that a split batch is not counted twice."""
        kinds = [type_label(envelope.type) for envelope in envelopes]
        for (kind, outcome), number in Counter(zip(kinds, outcomes, strict=True)).items():
            HANDLED.labels(self._service, kind, outcome).inc(number)
        now, lag = self._clock.now(), LAG.labels(self._service)
        for envelope, outcome in zip(envelopes, outcomes, strict=True):
            if outcome == "handled":
                lag.observe(max((now - envelope.time).total_seconds(), 0))

    def _handle_one(self, uow: UnitOfWork, inbox: Inbox, envelope: Envelope) -> str:
        if CONTRACTS.get(envelope.type) not in self._handlers:
            _log.info("event_of_unknown_type", type=envelope.type)
            return "unknown"
        if inbox.knows(envelope):
            return "known"
        event = read_event(envelope)
        now = self._clock.now()
        fresh = inbox.is_newer(envelope, event.PART) or accepts_stale(self._handlers[type(event)])
        if fresh:
            with (
                correlated(envelope.correlation_id),
                telemetry.handling(self._service, envelope.type, envelope.id, envelope.traceparent),
                HANDLING.labels(self._service, envelope.type).time(),
            ):
                self._handlers[type(event)](uow, event, context=self._context(envelope, now))
        outcome = "handled" if fresh else "stale"
        inbox.record(envelope, outcome, now=now)
        return outcome

    def _context(self, envelope: Envelope, now: datetime) -> Context:
        return Context(actor=f"event:{envelope.type}", now=now, tools=self._tools, envelope=envelope)


def _ids(envelopes: Sequence[Envelope]) -> list[UUID]:
    """Return the subjects if all are ids, else none. The subject of a programme is its code, and a programme must be
    locked before its rows: in such a batch the handlers lock what they need."""
    try:
        return [UUID(envelope.subject) for envelope in envelopes]
    except ValueError:
        return []
