"""The transport protocol, implemented by the embedded bus and by RabbitMQ. Used by the relay, the consumer and their
tests."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID

# The queue with the dead letters of all services, consumed by the portal.
DEAD_LETTERS = "dead"
# Number of the replay from the dead letters. A message that is dead-lettered again carries it too.
REPLAY = "x-lingjun-replay"
QUEUE = "x-lingjun-queue"
REASON = "x-lingjun-reason"
# Maximum retention of the event log, which contains personal data, although sealed.
KEEP = timedelta(days=90)
# A message that is delivered more often than this without being acknowledged is dead-lettered, because it may crash the
# process. By default RabbitMQ 3 redelivers without limit, RabbitMQ 4 twenty times.
DELIVERY_LIMIT = 20


def with_reason(headers: dict[str, Any], queue: str, reason: str) -> dict[str, Any]:
    """Return the headers of a dead letter: those of the message, its queue and the reason."""
    return headers | {QUEUE: queue, REASON: reason}


@dataclass(frozen=True)
class Outgoing:
    """A message to publish: final headers and body as in the outbox, its id, and its type, which is the routing key.
    `written`: when a traced message entered the outbox, in nanoseconds; else 0."""

    id: UUID
    type: str
    headers: dict[str, Any]
    body: bytes
    written: int = 0


@dataclass(frozen=True)
class Delivery:
    """A message at a consumer. `attempt` counts earlier failures. `tag` is the transport's handle to acknowledge it."""

    tag: Any
    headers: dict[str, Any]
    body: bytes
    attempt: int


class Transport(Protocol):
    """A connection to the bus for one queue. Any method may raise ConnectionError; the caller then calls `open` again,
    and unacknowledged messages are redelivered."""

    async def open(self) -> None:
        """Connect, or reconnect, and declare all queues and bindings."""

    async def publish(self, batch: Sequence[Outgoing]) -> dict[UUID, str]:
        """Publish a batch, in order, and wait for all confirms. Return the rejected messages with the reason."""

    async def send_to(self, queue: str, batch: Sequence[Outgoing]) -> dict[UUID, str]:
        """Send a batch directly to one queue, without bindings and event log, and wait for all confirms. Return the
        rejected messages with the reason; all are rejected if the queue does not exist."""

    def read_log(self) -> AsyncIterator[Delivery]:
        """Yield all events in the log up to now, oldest first. They need no acknowledgement, and several readers may
        read concurrently. The transport must be open."""

    async def receive(self, most: int) -> list[Delivery]:
        """Wait for deliveries and return up to `most`, oldest first. Only one consumer of a queue receives any."""

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Acknowledge deliveries whose effects are committed. Callers pass deliveries in the order of arrival to this
        method, `retry` or `dead_letter`."""

    async def retry(self, delivery: Delivery) -> None:
        """Park the delivery for its next retry delay, then acknowledge it."""

    async def dead_letter(self, delivery: Delivery, reason: str) -> None:
        """Send the delivery to the dead letters with the reason, then acknowledge it."""

    async def close(self) -> None:
        """Close the connection. Unacknowledged messages are redelivered."""
