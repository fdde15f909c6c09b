"""Broker -> handlers: what has arrived is handled in one transaction (inbox, effects, new outbox rows), then acknowledged.

If the batch fails it is halved until the culprit stands alone; that one is retried with backoff, or buried at once when
it was refused. Runs in each bus.py.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import structlog
from sqlmodel import Session

from shared.clock import Clock
from shared.context import Context, Tools
from shared.correlation import correlated
from shared.database import Database
from shared.errors import NotYet, Refusal
from shared.events import CONTRACTS, Event
from shared.jobs import LETTER, take_up
from shared.messaging.envelope import Envelope, read_envelope, read_event
from shared.messaging.inbox import Inbox
from shared.messaging.transport import LADDER, REPLAY, Delivery, Transport

Handler = Callable[..., None]
Handlers = Mapping[type[Event], Handler]
BATCH = 100
_log = structlog.get_logger()


class Consumer:
    """One service's queue. `handlers` are called `handler(session, event, context=…)`, once in effect per event."""

    def __init__(
        self,
        database: Database,
        transport: Transport,
        handlers: Handlers,
        *,
        clock: Clock,
        tools: Tools,
        rungs: int = len(LADDER),
    ) -> None:
        self._database, self._transport, self._handlers = database, transport, handlers
        self._clock, self._tools, self._rungs = clock, tools, rungs

    async def run(self) -> None:
        """Consumes until cancelled; raises ConnectionError when the broker is lost."""
        while True:
            await self._settle(await self._transport.receive(BATCH))

    async def _settle(self, batch: Sequence[Delivery]) -> None:
        try:
            await asyncio.to_thread(self.handle, batch)
        except Exception as fault:
            if len(batch) > 1:
                middle = len(batch) // 2
                await self._settle(batch[:middle])
                await self._settle(batch[middle:])
            else:
                await self._put_aside(batch[0], fault)
        else:
            await self._transport.done(batch)

    async def _put_aside(self, delivery: Delivery, fault: Exception) -> None:
        reason = f"{type(fault).__name__}: {fault}"
        final = isinstance(fault, Refusal) or delivery.attempt >= self._rungs
        log = _log.bind(event_id=delivery.headers.get("cloudEvents:id"), type=delivery.headers.get("cloudEvents:type"))
        if final:
            log.error("event_buried", reason=reason)
            await self._transport.bury(delivery, reason)
        else:
            log.warning("event_retried", reason=reason, attempt=delivery.attempt, awaited=isinstance(fault, NotYet))
            await self._transport.retry(delivery)

    def handle(self, batch: Sequence[Delivery]) -> None:
        """Handles a batch in one transaction, through the inbox; settles nothing. Raises what the first culprit raises."""
        envelopes = [read_envelope(delivery.headers, delivery.body) for delivery in batch]
        with self._database.transaction() as session:
            inbox = Inbox(session, envelopes)
            for delivery, envelope in zip(batch, envelopes, strict=True):
                if envelope.type.startswith(LETTER):
                    self._take_up(session, envelope, delivery.headers.get(REPLAY, 0))
                else:
                    self._handle_one(session, inbox, envelope)
            inbox.save()

    def _handle_one(self, session: Session, inbox: Inbox, envelope: Envelope) -> None:
        if CONTRACTS.get(envelope.type) not in self._handlers:
            _log.info("event_of_unknown_type", type=envelope.type)
            return
        if inbox.knows(envelope):
            return
        event = read_event(envelope)
        now = self._clock.now()
        fresh = inbox.supersedes(envelope, event.PART)
        if fresh:
            with correlated(envelope.correlation_id):
                self._handlers[type(event)](session, event, context=self._context(envelope, now))
        inbox.note(envelope, "handled" if fresh else "stale", now=now)

    def _take_up(self, session: Session, envelope: Envelope, replay: Any) -> None:
        """A job's dead letter that was sent again; the job row knows whether it was heard before."""
        number = replay if isinstance(replay, int) else 0
        with correlated(envelope.correlation_id):
            take_up(session, envelope.id, replay=number, actor="dead-letters", now=self._clock.now())

    def _context(self, envelope: Envelope, now: datetime) -> Context:
        return Context(actor=f"event:{envelope.type}", now=now, tools=self._tools, envelope=envelope)
