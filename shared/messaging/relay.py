"""The relay: publishes outbox rows in batches, in order, and deletes a row only after its confirm. Runs in each
bus.py."""

import asyncio
import time
from collections import Counter
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import delete
from sqlmodel import col, select

from shared.events.envelope import PREFIX
from shared.foundation.retries import REFUSED_EVENT_DELAYS, delay_after
from shared.messaging.transport import DEAD_LETTERS, QUEUE, Outgoing, Transport
from shared.observability import telemetry
from shared.observability.metrics import RELAYED, type_label
from shared.persistence.columns import one_of
from shared.persistence.database import AdvisoryLock, Database
from shared.persistence.leader import leadership
from shared.persistence.models import OutboxRow
from shared.persistence.outbox import WRITTEN

BATCH = 500
POLL = 0.25
_log = structlog.get_logger()


_NEXT = select(OutboxRow.event_id, OutboxRow.headers, OutboxRow.body).order_by(col(OutboxRow.id)).limit(BATCH)


class Relay:
    """Relays one service's outbox. `wake` may be called from any thread; the relay also polls. `service`: name in
    metrics.

    One process relays at a time, the leader, which keeps the order of a subject's events. A row that the broker does
    not accept fails alone: it is logged and retried with increasing delays, and later rows overtake it.
    """

    def __init__(self, database: Database, transport: Transport, *, service: str = "") -> None:
        self._database, self._transport, self._service = database, transport, service
        self._woken = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._refused: dict[UUID, _Refused] = {}

    def wake(self) -> None:
        """Look for new rows now."""
        self._loop.call_soon_threadsafe(self._woken.set)

    async def run(self) -> None:
        """Relay until cancelled. Raises ConnectionError when the broker or the leader's lock is lost."""
        async with leadership(self._database, "relay") as lock:
            await self._relay(lock)

    async def _relay(self, lock: AdvisoryLock) -> None:
        while True:
            self._woken.clear()
            waiting = await asyncio.to_thread(self._waiting, lock)
            if waiting:
                confirmed = await self._send(waiting)
                await asyncio.to_thread(
                    lock.execute, delete(OutboxRow).where(one_of(col(OutboxRow.event_id), confirmed))
                )
            if len(waiting) < BATCH:
                await self._pause()

    async def _send(self, waiting: list[Outgoing]) -> list[UUID]:
        read_at = time.time_ns()
        refused = await self._transport.publish([message for message in waiting if QUEUE not in message.headers])
        # Dead letters of jobs pass through the outbox too, but are not events.
        if dead_letters := [message for message in waiting if QUEUE in message.headers]:
            refused |= await self._transport.send_to(DEAD_LETTERS, dead_letters)
        if telemetry.is_on():
            self._trace(waiting, refused, read_at)
        for event_id, reason in refused.items():
            before = self._refused.get(event_id)
            refusal = self._refused[event_id] = _Refused.after(before, self._loop.time())
            _log.error("event_not_accepted", event_id=str(event_id), reason=reason, again_in=refusal.pause)
        outcomes = Counter((message.type, message.id in refused) for message in waiting)
        for (kind, is_refused), number in outcomes.items():
            RELAYED.labels(self._service, type_label(kind), "refused" if is_refused else "confirmed").inc(number)
        confirmed = [message.id for message in waiting if message.id not in refused]
        for event_id in confirmed:
            self._refused.pop(event_id, None)
        return confirmed

    def _trace(self, sent: Sequence[Outgoing], refused: Container[UUID], read_at: int) -> None:
        confirmed_at = time.time_ns()
        for message in sent:
            if parent := message.headers.get(PREFIX + "traceparent"):
                telemetry.relayed(
                    self._service,
                    parent,
                    telemetry.published(message.type, message.id, DEAD_LETTERS if QUEUE in message.headers else ""),
                    moments=(message.written, read_at, confirmed_at),
                    is_refused=message.id in refused,
                )

    async def _pause(self) -> None:
        try:
            await asyncio.wait_for(self._woken.wait(), POLL)
        except TimeoutError:
            return

    def _waiting(self, lock: AdvisoryLock) -> list[Outgoing]:
        now = self._loop.time()
        delayed = [event_id for event_id, refused in self._refused.items() if refused.until > now]
        due = _NEXT.where(col(OutboxRow.event_id).not_in(delayed)) if delayed else _NEXT
        return [_outgoing(*row) for row in lock.fetch(due)]


def _outgoing(event_id: UUID, stored: Mapping[str, Any], body: str) -> Outgoing:
    headers = dict(stored)
    written = headers.pop(WRITTEN, 0)
    return Outgoing(event_id, headers[PREFIX + "type"], headers, body.encode(), written)


@dataclass(frozen=True)
class _Refused:
    """A row that the broker did not accept `failures` times. Retried at `until` (loop time), after `pause`: seconds."""

    failures: int
    pause: float
    until: float

    @staticmethod
    def after(before: "_Refused | None", now: float) -> "_Refused":
        failures = before.failures + 1 if before else 1
        pause = delay_after(failures, REFUSED_EVENT_DELAYS).total_seconds()
        return _Refused(failures, pause, now + pause)
