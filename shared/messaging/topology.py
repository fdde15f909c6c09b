"""The exchanges and queues on RabbitMQ: a topic exchange; a quorum queue per service, with a single active consumer; a
parking queue per retry delay; the dead-letter queue; the event log.

Called by rabbit.py and by shared/runtime/declare_topology.py.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import cast

from aio_pika.abc import AbstractChannel, AbstractConnection
from aio_pika.exceptions import AMQPError, ChannelNotFoundEntity
from aiormq.abc import FieldValue

from shared.messaging.transport import DEAD_LETTERS, DELIVERY_LIMIT

EXCHANGE = "lingjun.events"
DEAD_EXCHANGE = "lingjun.dead"
LOG = "lingjun.log"
# A stream deletes whole segments, and never the current one. Small segments keep the retention close to the age.
_SEGMENT_BYTES = 8 * 1024 * 1024
_TIMEOUT_SECONDS = 30
_QUORUM_QUEUE: dict[str, FieldValue] = {
    "x-queue-type": "quorum",
    "x-dead-letter-strategy": "at-least-once",
    "x-overflow": "reject-publish",
}


def queue_name(queue: str) -> str:
    """Return the name of a queue on the broker."""
    return f"lingjun.{queue}"


def parking_name(queue: str, delay: timedelta) -> str:
    """Return the name of a parking queue. It contains the delay, because a queue's TTL cannot be redeclared: other
    retry delays use other queues, and messages in the old ones still return."""
    return f"lingjun.{queue}.retry.{delay.total_seconds():g}s"


async def declare(
    connection: AbstractConnection,
    channel: AbstractChannel,
    bound: Mapping[str, Sequence[str]],
    retry_delays: Sequence[timedelta],
    keep: timedelta,
) -> None:
    """Declare everything. `bound` maps queues to event types. A repeat changes nothing. Raises ConnectionError."""
    async with broker_call(EXCHANGE):
        await channel.declare_exchange(EXCHANGE, "topic", durable=True)
    async with broker_call(DEAD_EXCHANGE):
        await _declare_dead_letters(channel)
    for queue, types in bound.items():
        async with broker_call(queue_name(queue)):
            await _declare_queue(channel, queue, types, retry_delays)
    async with broker_call(LOG):
        await _declare_log(connection, channel, {kind for types in bound.values() for kind in types}, keep)


async def _declare_dead_letters(channel: AbstractChannel) -> None:
    exchange = await channel.declare_exchange(DEAD_EXCHANGE, "fanout", durable=True)
    queue = await channel.declare_queue(
        queue_name(DEAD_LETTERS),
        durable=True,
        arguments={"x-queue-type": "quorum", "x-single-active-consumer": True},
    )
    await queue.bind(exchange)


async def _declare_log(
    connection: AbstractConnection, channel: AbstractChannel, types: set[str], keep: timedelta
) -> None:
    """Declare the stream of all events with a subscriber. It is bound only to their types, so that the broker still
    returns an event without subscribers. Its age is set once: a declaration with another age would fail, later changes
    need a policy."""
    try:
        async with connection.channel() as probe:
            await probe.declare_queue(LOG, passive=True)
    except ChannelNotFoundEntity:
        await channel.declare_queue(
            LOG,
            durable=True,
            arguments={
                "x-queue-type": "stream",
                "x-max-age": f"{int(keep.total_seconds())}s",
                "x-stream-max-segment-size-bytes": _SEGMENT_BYTES,
            },
        )
    log = await channel.get_queue(LOG, ensure=False)
    for kind in types:
        await log.bind(EXCHANGE, kind)


async def _declare_queue(
    channel: AbstractChannel, name: str, types: Sequence[str], retry_delays: Sequence[timedelta]
) -> None:
    queue = await channel.declare_queue(
        queue_name(name),
        durable=True,
        arguments=_QUORUM_QUEUE
        | {
            "x-single-active-consumer": True,
            "x-delivery-limit": DELIVERY_LIMIT,
            "x-dead-letter-exchange": DEAD_EXCHANGE,
        },
    )
    for kind in types:
        await queue.bind(EXCHANGE, kind)
    for delay in retry_delays:
        await channel.declare_queue(
            parking_name(name, delay),
            durable=True,
            arguments=_QUORUM_QUEUE
            | {
                "x-message-ttl": int(delay.total_seconds() * 1000),
                "x-dead-letter-exchange": "",
                "x-dead-letter-routing-key": queue_name(name),
            },
        )


@asynccontextmanager
async def broker_call(name: str) -> AsyncIterator[None]:
    """Raise ConnectionError, with the `name` of the queue, exchange or step, when the broker refuses or does not
    respond in time."""
    try:
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            yield
    except TimeoutError as error:
        raise ConnectionError(f"RabbitMQ: {name}: no answer within {_TIMEOUT_SECONDS} s") from error
    except (OSError, AMQPError) as error:
        raise ConnectionError(f"RabbitMQ: {name}: {error}") from cast(Exception, error)
