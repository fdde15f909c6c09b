"""Process: the portal's outbox relay, consumer of every event, and consumer of the dead-letter queue."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any
from uuid import UUID

from services.portal import actions, handlers
from services.portal.queries import count_waiting_dead_letters
from shared.events import CONTRACTS
from shared.messaging.consumer import BATCH, Handlers
from shared.messaging.transport import DEAD_LETTERS, Transport
from shared.runtime.bus import Bus, connected
from shared.wiring.process import Process

HANDLERS: Handlers = dict.fromkeys(CONTRACTS.values(), handlers.on_any_event)


class PortalBus(Bus):
    """A service's bus that also stores the messages of the dead-letter queue in a table."""

    async def run(self, send: Callable[[UUID], None], tick: Callable[[], Coroutine[Any, Any, None]]) -> None:
        transport = self.process.transport(DEAD_LETTERS)
        async with asyncio.TaskGroup() as group:
            group.create_task(super().run(send, tick))
            group.create_task(connected(transport, lambda: self._store_dead_letters(transport)))

    async def _store_dead_letters(self, transport: Transport) -> None:
        while True:
            deliveries = await transport.receive(BATCH)

            def store() -> None:
                with self.process.database.transaction() as uow:
                    for delivery in deliveries:  # noqa: B023 (awaited before the next iteration)
                        actions.note_dead_letter(uow, delivery)
                        uow.session.flush()

            await asyncio.to_thread(store)
            await transport.acknowledge(deliveries)


def make_bus(process: Process) -> Bus:
    """Build the portal's bus over an open process."""
    return PortalBus(process, HANDLERS, dead_letters=count_waiting_dead_letters)
