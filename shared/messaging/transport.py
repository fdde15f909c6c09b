"""What a transport promises; the embedded bus and RabbitMQ keep it alike. Used by the relay, the consumer and their tests."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID

# Between one failed delivery and the next; after the last rung the delivery goes to the dead letters.
RETRY_DELAYS = (timedelta(seconds=1), timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=10))
# The queue that the dead letters of every service wait in, for the portal.
DEAD_LETTERS = "dead"


# How often the message was sent again from the dead letters; a letter that is buried again says of which time it is.
REPLAY = "x-lingjun-replay"
QUEUE = "x-lingjun-queue"
REASON = "x-lingjun-reason"
# The event log is kept no longer: it holds personal data, if sealed.
KEEP = timedelta(days=90)
# A process that dies of a message must not die of it for ever: given out more often than this and never settled, it is
# a dead letter. RabbitMQ 3 alone would redeliver for ever, RabbitMQ 4 twenty times.
DELIVERY_LIMIT = 20


def with_reason(headers: dict[str, Any], queue: str, reason: str) -> dict[str, Any]:
    """The headers of a dead letter: those it came with, the queue that gave it up, and why."""
    return headers | {QUEUE: queue, REASON: reason}


@dataclass(frozen=True)
class Outgoing:
    """An envelope as the outbox holds it: final headers and body, and the id and type that route it."""

    id: UUID
    type: str
    headers: dict[str, Any]
    body: bytes


@dataclass(frozen=True)
class Delivery:
    """One message at a consumer. `attempt` counts earlier failures; `tag` is the transport's own, to settle it by."""

    tag: Any
    headers: dict[str, Any]
    body: bytes
    attempt: int


class Transport(Protocol):
    """One queue's connection to the bus. Any method may raise ConnectionError; `open` is then called again, and whatever
    was not settled is delivered again."""

    async def open(self) -> None:
        """Connects, anew if need be, and declares every queue with its bindings."""

    async def publish(self, batch: Sequence[Outgoing]) -> dict[UUID, str]:
        """Sends a batch, in order, and waits for every confirm. Returns what was not accepted, with the reason."""

    async def send_to(self, queue: str, batch: Sequence[Outgoing]) -> dict[UUID, str]:
        """Sends a batch straight to one queue, past the bindings and the event log, and waits for every confirm. Returns
        what was not accepted, with the reason; a queue that does not exist accepts nothing."""

    def past(self) -> AsyncIterator[Delivery]:
        """Every event that the log still keeps, oldest first, up to now. They need no settling, and may be read at any
        time by anybody; asks for an open transport."""

    async def receive(self, most: int) -> list[Delivery]:
        """Waits for deliveries and returns those at hand, oldest first. Only one consumer of a service gets any."""

    async def done(self, deliveries: Sequence[Delivery]) -> None:
        """Acknowledges deliveries whose effects are committed. Deliveries are settled in the order in which they came, by
        this, `retry` or `bury`."""

    async def retry(self, delivery: Delivery) -> None:
        """Parks the delivery for the next rung of the ladder, then acknowledges it."""

    async def dead_letter(self, delivery: Delivery, reason: str) -> None:
        """Sends the delivery to the dead letters with the reason, then acknowledges it."""

    async def close(self) -> None:
        """Gives the connection up; what was not settled is delivered again."""
