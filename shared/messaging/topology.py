"""The exchanges and queues on RabbitMQ: a topic exchange, a quorum queue per service with one active consumer, a parking queue
per rung of the retry ladder, the dead letters, and the log.

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
# A stream forgets whole segments, and never the one being written: small ones keep to the age.
_SEGMENT_BYTES = 8 * 1024 * 1024
_ANSWER_SECONDS = 30
_SAFELY: dict[str, FieldValue] = {
    "x-queue-type": "quorum",
    "x-dead-letter-strategy": "at-least-once",
    "x-overflow": "reject-publish",
}


def queue_name(queue: str) -> str:
    """The broker's name of a queue of ours."""
    return f"lingjun.{queue}"


def parking_name(queue: str, pause: timedelta) -> str:
    """Named by its pause, which no later declaration could change: another ladder parks elsewhere, and what is parked comes
    back."""
    return f"lingjun.{queue}.retry.{pause.total_seconds():g}s"


async def declare(
    connection: AbstractConnection,
    channel: AbstractChannel,
    bound: Mapping[str, Sequence[str]],
    ladder: Sequence[timedelta],
    keep: timedelta,
) -> None:
    """Everything, bound as `bound` says (queue -> event types); a repeat changes nothing. Raises ConnectionError."""
    async with answered(EXCHANGE):
        await channel.declare_exchange(EXCHANGE, "topic", durable=True)
    async with answered(DEAD_EXCHANGE):
        await _declare_dead_letters(channel)
    for queue, types in bound.items():
        async with answered(queue_name(queue)):
            await _declare_queue(channel, queue, types, ladder)
    async with answered(LOG):
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
    """The stream of every event that somebody hears; not bound to everything, so that an event nobody hears is still
    returned. Its age is set once: a declaration with another age would be refused, later changes are a policy's."""
    try:
        async with connection.channel() as asking:
            await asking.declare_queue(LOG, passive=True)
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
    channel: AbstractChannel, name: str, types: Sequence[str], ladder: Sequence[timedelta]
) -> None:
    queue = await channel.declare_queue(
        queue_name(name),
        durable=True,
        arguments=_SAFELY
        | {
            "x-single-active-consumer": True,
            "x-delivery-limit": DELIVERY_LIMIT,
            "x-dead-letter-exchange": DEAD_EXCHANGE,
        },
    )
    for kind in types:
        await queue.bind(EXCHANGE, kind)
    for pause in ladder:
        await channel.declare_queue(
            parking_name(name, pause),
            durable=True,
            arguments=_SAFELY
            | {
                "x-message-ttl": int(pause.total_seconds() * 1000),
                "x-dead-letter-exchange": "",
                "x-dead-letter-routing-key": queue_name(name),
            },
        )


@asynccontextmanager
async def answered(what: str) -> AsyncIterator[None]:
    """Names what the broker did not let us have, and waits for no answer without end. Raises ConnectionError."""
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            yield
    except TimeoutError as fault:
        raise ConnectionError(f"RabbitMQ: {what}: no answer within {_ANSWER_SECONDS} s") from fault
    except (OSError, AMQPError) as fault:
        raise ConnectionError(f"RabbitMQ: {what}: {fault}") from cast(Exception, fault)
