"""Outbox -> broker: batches in order, confirms awaited together, a row deleted only after its confirm. Runs in each bus.py."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from uuid import UUID

import structlog
from sqlalchemy import delete
from sqlmodel import col, select

from shared.messaging.transport import DEAD_LETTERS, QUEUE, Outgoing, Transport
from shared.observability.metrics import RELAYED, type_label
from shared.persistence.columns import one_of
from shared.persistence.database import AdvisoryLock, Database
from shared.persistence.leader import leadership
from shared.persistence.models import OutboxRow

BATCH = 500
POLL = 0.25
_LONGEST_REST = 60.0
_log = structlog.get_logger()


_NEXT = select(OutboxRow.event_id, OutboxRow.headers, OutboxRow.body).order_by(col(OutboxRow.id)).limit(BATCH)


class Relay:
    """One service's outbox. `wake` may be called from any thread; polling is the backstop. `service` names it in metrics.

    One process relays at a time, which keeps the order of a subject's events; another stands by. A row that the broker
    does not accept fails alone, loudly, and is tried again after longer and longer pauses; those behind it go ahead.
    """

    def __init__(self, database: Database, transport: Transport, *, service: str = "") -> None:
        self._database, self._transport, self._service = database, transport, service
        self._woken = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._refused: dict[UUID, _Refused] = {}

    def wake(self) -> None:
        """Something may have been committed."""
        self._loop.call_soon_threadsafe(self._woken.set)

    async def run(self) -> None:
        """Relays until cancelled; raises ConnectionError when the broker, or the right to relay, is lost."""
        async with leadership(self._database, "relay") as right:
            await self._relay(right)

    async def _relay(self, right: AdvisoryLock) -> None:
        while True:
            self._woken.clear()
            waiting = await asyncio.to_thread(self._waiting, right)
            if waiting:
                confirmed = await self._send(waiting)
                await asyncio.to_thread(
                    right.change, delete(OutboxRow).where(one_of(col(OutboxRow.event_id), confirmed))
                )
            if len(waiting) < BATCH:
                await self._pause()

    async def _send(self, waiting: list[Outgoing]) -> list[UUID]:
        refused = await self._transport.publish([message for message in waiting if QUEUE not in message.headers])
        # A job that failed for good leaves here too; it is nobody's event.
        if buried := [message for message in waiting if QUEUE in message.headers]:
            refused |= await self._transport.send_to(DEAD_LETTERS, buried)
        for event_id, reason in refused.items():
            before = self._refused.get(event_id)
            again = self._refused[event_id] = _Refused.after(before, self._loop.time())
            _log.error("event_not_accepted", event_id=str(event_id), reason=reason, again_in=again.pause)
        outcomes = Counter((message.type, message.id in refused) for message in waiting)
        for (kind, is_refused), number in outcomes.items():
            RELAYED.labels(self._service, type_label(kind), "refused" if is_refused else "confirmed").inc(number)
        confirmed = [message.id for message in waiting if message.id not in refused]
        for event_id in confirmed:
            self._refused.pop(event_id, None)
        return confirmed

    async def _pause(self) -> None:
        try:
            await asyncio.wait_for(self._woken.wait(), POLL)
        except TimeoutError:
            return

    def _waiting(self, right: AdvisoryLock) -> list[Outgoing]:
        now = self._loop.time()
        resting = [event_id for event_id, refused in self._refused.items() if refused.until > now]
        due = _NEXT.where(col(OutboxRow.event_id).not_in(resting)) if resting else _NEXT
        return [
            Outgoing(event_id, headers["cloudEvents:type"], dict(headers), body.encode())
            for event_id, headers, body in right.rows(due)
        ]


@dataclass(frozen=True)
class _Refused:
    """A row that the broker did not accept: rests until `until` (loop time, seconds), `pause` seconds in all."""

    pause: float
    until: float

    @staticmethod
    def after(before: "_Refused | None", now: float) -> "_Refused":
        pause = min(before.pause * 2, _LONGEST_REST) if before else POLL
        return _Refused(pause, now + pause)
