"""Outbox -> broker: batches in order, confirms awaited together, a row deleted only after its confirm. Runs in each bus.py."""

import asyncio
from uuid import UUID

import structlog
from sqlalchemy import delete
from sqlmodel import col, select

from shared.database import Database
from shared.messaging.transport import Outgoing, Transport
from shared.models import OutboxRow

BATCH = 500
POLL = 0.25
_log = structlog.get_logger()


class Relay:
    """One service's outbox. `wake` may be called from any thread; polling is the backstop."""

    def __init__(self, database: Database, transport: Transport) -> None:
        self._database, self._transport = database, transport
        self._woken = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def wake(self) -> None:
        """Something may have been committed."""
        self._loop.call_soon_threadsafe(self._woken.set)

    async def run(self) -> None:
        """Relays until cancelled; raises ConnectionError when the broker is lost."""
        while True:
            self._woken.clear()
            waiting = await asyncio.to_thread(self._waiting)
            refused = await self._send(waiting) if waiting else {}
            if refused or len(waiting) < BATCH:
                await self._pause()

    async def _send(self, waiting: list[Outgoing]) -> dict[UUID, str]:
        refused = await self._transport.publish(waiting)
        for event_id, reason in refused.items():
            _log.error("event_not_accepted", event_id=str(event_id), reason=reason)
        await asyncio.to_thread(self._forget, [message.id for message in waiting if message.id not in refused])
        return refused

    async def _pause(self) -> None:
        try:
            await asyncio.wait_for(self._woken.wait(), POLL)
        except TimeoutError:
            return

    def _waiting(self) -> list[Outgoing]:
        with self._database.reader() as session:
            rows = session.exec(select(OutboxRow).order_by(col(OutboxRow.id)).limit(BATCH)).all()
            return [
                Outgoing(row.event_id, row.headers["cloudEvents:type"], row.headers, row.body.encode()) for row in rows
            ]

    def _forget(self, confirmed: list[UUID]) -> None:
        with self._database.transaction() as session:
            session.exec(delete(OutboxRow).where(col(OutboxRow.event_id).in_(confirmed)))
