"""The simulated bus: a queue per service, and a transport with only the guarantees of shared/messaging/transport.py.

Confirms get lost after the message arrived, acknowledgements get lost after handling, and messages are reordered and
duplicated. The world decides which batch a consumer receives next.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from shared.foundation.retries import DELIVERY_DELAYS
from shared.messaging.transport import DEAD_LETTERS, Delivery, Outgoing, with_reason
from shared.wiring.registry import topology
from tests.simulation.faults import Crash, Faults
from tests.simulation.nature import SimulatedClock

MOST_AT_ONCE = 6


@dataclass(frozen=True)
class Message:
    """One message in one queue, invisible to consumers until `visible_at` (real time)."""

    tag: int
    headers: dict[str, Any]
    body: bytes
    attempt: int
    visible_at: datetime


class SimulatedBus:
    """All queues of the installation."""

    def __init__(self, clock: SimulatedClock, faults: Faults) -> None:
        self.clock, self.faults = clock, faults
        self.bindings = {queue: set(types) for queue, types in topology().items()}
        self.queues: dict[str, list[Message]] = {queue: [] for queue in (*self.bindings, DEAD_LETTERS)}
        self._tags = 0

    def put(self, queue: str, headers: dict[str, Any], body: bytes, attempt: int = 0) -> None:
        """Append a message to a queue."""
        self._tags += 1
        self.queues[queue].append(Message(self._tags, headers, body, attempt, self.clock.real))

    def route(self, message: Outgoing) -> bool:
        """Append a message to every queue bound to its type. Return False if there is none."""
        queues = [queue for queue, types in self.bindings.items() if message.type in types]
        for queue in queues:
            self.put(queue, message.headers, message.body)
        return bool(queues)

    def visible(self, queue: str) -> list[Message]:
        """Return the messages that are visible now, oldest first."""
        return [message for message in self.queues[queue] if message.visible_at <= self.clock.real]

    def next_batch(self, queue: str, rng: Random) -> list[Delivery]:
        """Return the next batch of a consumer: the oldest few, unless a fault delays, reorders or duplicates them."""
        messages = self.visible(queue)
        fault = self.faults.at(f"deliver {queue}", ("reordered", "delayed", "duplicated"))
        if fault == "delayed":
            self._delay(queue, messages[0], timedelta(seconds=rng.uniform(1, 120)))
            messages = messages[1:]
        if fault == "reordered":
            rng.shuffle(messages)
        if fault == "duplicated":
            copied = rng.choice(messages)
            self.put(queue, copied.headers, copied.body)
        batch = messages[: rng.randint(1, MOST_AT_ONCE)]
        return [Delivery(one.tag, one.headers, one.body, one.attempt) for one in batch]

    def _delay(self, queue: str, message: Message, span: timedelta, attempts: int = 0) -> None:
        later = replace(message, visible_at=self.clock.real + span, attempt=message.attempt + attempts)
        self.queues[queue] = [later if one.tag == message.tag else one for one in self.queues[queue]]

    def park(self, queue: str, tag: int, span: timedelta) -> None:
        """Delay a failed message by `span` and count the attempt."""
        for message in self.queues[queue]:
            if message.tag == tag:
                self._delay(queue, message, span, attempts=1)

    def remove(self, queue: str, tags: set[int]) -> None:
        """Remove acknowledged messages."""
        self.queues[queue] = [message for message in self.queues[queue] if message.tag not in tags]


class SimulatedTransport:
    """One service's connection to the bus. Implements Transport."""

    def __init__(self, bus: SimulatedBus, queue: str) -> None:
        self._bus, self._queue = bus, queue
        self.granted: list[Delivery] = []

    async def open(self) -> None:
        self.granted = []

    async def publish(self, batch: Sequence[Outgoing]) -> dict[UUID, str]:
        fault = self._bus.faults.at(
            f"publish {self._queue}",
            ("not accepted", "lost before it arrived", "confirm lost", "crash half-way", "crash after the publish"),
        )
        if fault == "lost before it arrived":
            raise ConnectionError(fault)
        refused: dict[UUID, str] = {}
        for number, message in enumerate(batch):
            if fault == "not accepted" and number == 0:
                refused[message.id] = "nack"
            elif not self._bus.route(message):
                refused[message.id] = "no queue is bound to this type"
            if fault == "crash half-way" and number >= len(batch) // 2:
                raise Crash(fault)
        if fault == "confirm lost":
            raise ConnectionError(fault)
        if fault == "crash after the publish":
            raise Crash(fault)
        return refused

    async def send_to(self, queue: str, batch: Sequence[Outgoing]) -> dict[UUID, str]:
        for message in batch:
            self._bus.put(queue, message.headers, message.body)
        return {}

    async def read_log(self) -> AsyncIterator[Delivery]:
        """Yield nothing: a world keeps no event log."""
        for delivery in self.granted[:0]:
            yield delivery

    async def receive(self, most: int) -> list[Delivery]:
        if not self.granted:
            await asyncio.get_running_loop().create_future()
        batch, self.granted = self.granted[:most], []
        return batch

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        fault = self._bus.faults.at(f"acknowledge {self._queue}", ("acknowledgement lost", "crash before it"))
        if fault == "acknowledgement lost":
            raise ConnectionError(fault)
        if fault:
            raise Crash(fault)
        self._bus.remove(self._queue, {delivery.tag for delivery in deliveries})

    async def retry(self, delivery: Delivery) -> None:
        fault = self._bus.faults.at(f"park {self._queue}", ("crash before it", "crash before the acknowledgement"))
        if fault == "crash before it":
            raise Crash(fault)
        self._bus.park(self._queue, delivery.tag, DELIVERY_DELAYS[delivery.attempt])
        if fault:
            self._bus.put(self._queue, delivery.headers, delivery.body, delivery.attempt)
            raise Crash(fault)

    async def dead_letter(self, delivery: Delivery, reason: str) -> None:
        self._bus.remove(self._queue, {delivery.tag})
        self._bus.put(DEAD_LETTERS, with_reason(delivery.headers, self._queue, reason), delivery.body)

    async def close(self) -> None:
        self.granted = []
