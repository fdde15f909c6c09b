"""The RabbitMQ transport, by aio-pika: publisher confirms, a single active consumer, parked retries, dead letters,
event log.

Implements the protocol of transport.py with the exchanges and queues of topology.py.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange, AbstractIncomingMessage, AbstractQueue
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError
from aiormq.channel import Channel
from pamqp import decode
from pamqp.common import FieldTable

from shared.events.envelope import with_one_prefix
from shared.foundation.retries import DELIVERY_DELAYS
from shared.messaging.batch_publish import publish_batch
from shared.messaging.topology import DEAD_EXCHANGE, EXCHANGE, LOG, broker_call, declare, parking_name, queue_name
from shared.messaging.transport import KEEP, Delivery, Outgoing, with_reason

ATTEMPT = "x-lingjun-attempt"
PREFETCH = 400
_END_MARKER = "x-lingjun-mark"


@dataclass(frozen=True)
class _Subscription:
    """The consumed queue, the consumer tag, and the prefetch count."""

    queue: AbstractQueue
    tag: str
    prefetch: int


class RabbitTransport:
    """A connection for one queue. `open` declares the whole `topology` (queue -> bound types), so that the queues of
    all subscribers exist when the first event is published. An empty topology means that the broker's owner has
    declared it."""

    def __init__(
        self,
        url: str,
        queue: str,
        topology: Mapping[str, Sequence[str]],
        retry_delays: Sequence[timedelta] = DELIVERY_DELAYS,
        keep: timedelta = KEEP,
    ) -> None:
        self._url, self._queue, self._topology, self.retry_delays, self._keep = url, queue, topology, retry_delays, keep
        self._connection: AbstractConnection | None = None
        self._channel: AbstractChannel
        self._events: AbstractExchange
        self._arrived: asyncio.Queue[AbstractIncomingMessage]
        self._subscription: _Subscription | None = None
        self._prefetch = 1

    async def open(self) -> None:
        await self.close()
        with _connection_errors():
            async with broker_call(urlsplit(self._url).netloc.rpartition("@")[2]):
                self._connection = await aio_pika.connect(self._url)
            self._channel = await self._connection.channel(on_return_raises=True)
            if self._topology:
                await declare(self._connection, self._channel, self._topology, self.retry_delays, self._keep)
            else:
                async with broker_call(queue_name(self._queue)):
                    await self._channel.declare_queue(queue_name(self._queue), passive=True)
            self._events = await self._channel.get_exchange(EXCHANGE, ensure=False)
        self._arrived, self._subscription, self._prefetch = asyncio.Queue(), None, 1

    async def publish(self, batch: Sequence[Outgoing]) -> dict[UUID, str]:
        return await self._confirmed(self._events, [(message, message.type) for message in batch])

    async def send_to(self, queue: str, batch: Sequence[Outgoing]) -> dict[UUID, str]:
        return await self._confirmed(
            self._channel.default_exchange, [(message, queue_name(queue)) for message in batch]
        )

    async def _confirmed(self, exchange: AbstractExchange, batch: Sequence[tuple[Outgoing, str]]) -> dict[UUID, str]:
        messages = [
            (routing_key, _persistent(message.body, message.headers, message_id=str(message.id)))
            for message, routing_key in batch
        ]
        with _connection_errors():
            channel = await self._channel.get_underlay_channel()
            results = await publish_batch(cast(Channel, channel), exchange.name, messages)
        return {
            message.id: f"{type(refusal).__name__}: {refusal}"
            for (message, _), refusal in zip(batch, results, strict=True)
            if refusal
        }

    async def read_log(self) -> AsyncIterator[Delivery]:
        with _connection_errors():
            assert self._connection is not None
            marker = str(uuid4())
            end = _persistent(b"", {_END_MARKER: marker})
            await self._channel.default_exchange.publish(end, routing_key=LOG, mandatory=True)
            async with self._connection.channel() as channel:
                # A stream requires a prefetch and uses acknowledgements as credit. Acknowledged messages stay in the
                # stream.
                await channel.set_qos(prefetch_count=PREFETCH)
                log = await channel.get_queue(LOG, ensure=False)
                arrived: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
                await log.consume(arrived.put, arguments={"x-stream-offset": "first"})
                while (message := await _next(arrived, channel)).headers.get(_END_MARKER) != marker:
                    await message.ack()
                    if _END_MARKER not in message.headers:
                        yield _delivery(message)

    async def receive(self, most: int) -> list[Delivery]:
        with _connection_errors():
            if self._subscription and self._subscription.prefetch < self._prefetch:
                await self._subscription.queue.cancel(self._subscription.tag)
                self._subscription = None
            # Before subscribing again, process the messages that have already arrived: otherwise redelivery could
            # reorder them.
            if self._subscription is None and self._arrived.empty():
                self._subscription = await self._subscribe(self._prefetch)
            messages = [await _first(self._arrived, self._channel)]
            if not messages[0].redelivered:
                self._prefetch = PREFETCH
        while len(messages) < most and not self._arrived.empty():
            messages.append(self._arrived.get_nowait())
        return [_delivery(message) for message in messages]

    async def _subscribe(self, prefetch: int) -> _Subscription:
        """Subscribe to the queue. `prefetch` is 1 while redelivered messages arrive: if a process crashed on one of
        them, the broker must not count that delivery against the others."""
        await self._channel.set_qos(prefetch_count=prefetch)
        queue = await self._channel.get_queue(queue_name(self._queue), ensure=False)
        return _Subscription(queue, await queue.consume(self._arrived.put), prefetch)

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        with _connection_errors():
            # All earlier deliveries are settled, because batches are settled in the order of arrival.
            await deliveries[-1].tag.ack(multiple=True)

    async def retry(self, delivery: Delivery) -> None:
        headers = delivery.headers | {ATTEMPT: delivery.attempt + 1}
        await self._move(
            delivery,
            headers,
            self._channel.default_exchange,
            parking_name(self._queue, self.retry_delays[delivery.attempt]),
        )

    async def dead_letter(self, delivery: Delivery, reason: str) -> None:
        exchange = await self._channel.get_exchange(DEAD_EXCHANGE, ensure=False)
        await self._move(delivery, with_reason(delivery.headers, self._queue, reason), exchange, "")

    async def _move(
        self, delivery: Delivery, headers: dict[str, Any], exchange: AbstractExchange, routing_key: str
    ) -> None:
        with _connection_errors():
            await exchange.publish(_persistent(delivery.body, headers), routing_key=routing_key, mandatory=True)
            await delivery.tag.ack()

    async def close(self) -> None:
        if self._connection and not self._connection.is_closed:
            await self._connection.close()


async def _first(arrived: asyncio.Queue[AbstractIncomingMessage], channel: AbstractChannel) -> AbstractIncomingMessage:
    """Wait for the next message. Raises ConnectionError when the channel closes first."""
    if not arrived.empty():
        return arrived.get_nowait()
    arrival = asyncio.ensure_future(arrived.get())
    lost = asyncio.ensure_future(channel.closed())
    try:
        await asyncio.wait({arrival, lost}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        lost.cancel()
        if not arrival.done():
            arrival.cancel()
    if not arrival.done() or arrival.cancelled():
        raise ConnectionError("the broker closed the channel")
    return arrival.result()


async def _next(log: asyncio.Queue[AbstractIncomingMessage], channel: AbstractChannel) -> AbstractIncomingMessage:
    """Return the next message of the log. One always arrives, because the end marker comes last."""
    async with broker_call(LOG):
        return await _first(log, channel)


def _persistent(body: bytes, headers: Mapping[str, Any], message_id: str | None = None) -> aio_pika.Message:
    return aio_pika.Message(
        body,
        headers=dict(headers),
        content_type="application/json",
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        message_id=message_id,
    )


# What the client library cannot decode would close the connection, or stop its callback, at each delivery of the message:
# nothing behind it would be handled. It is decoded to something that the envelope then refuses.


def _header_time(value: bytes) -> tuple[int, datetime | str]:
    try:
        return decode.timestamp(value)
    except (ValueError, OverflowError, OSError):
        return 8, str(int.from_bytes(value[:8]))


def _property_time(value: bytes) -> tuple[int, datetime]:
    consumed, found = _header_time(value)
    return consumed, found if isinstance(found, datetime) else datetime.fromtimestamp(0, tz=UTC)


def _short_text(value: bytes) -> tuple[int, str]:
    try:
        return decode.short_str(value)
    except UnicodeDecodeError:
        return 1 + value[0], value[1 : 1 + value[0]].decode(errors="replace")


def _table(value: bytes) -> tuple[int, FieldTable]:
    try:
        return decode.field_table(value)
    except ValueError:
        return 4 + int.from_bytes(value[:4]), {}


decode.METHODS |= {"timestamp": _property_time, "shortstr": _short_text, "table": _table}
decode.TABLE_MAPPING |= {b"T": _header_time, b"F": _table}


def _delivery(message: AbstractIncomingMessage) -> Delivery:
    # Headers of a foreign publisher may have any type. The code expects text, and bytes must not stop the consumer.
    received = {
        key: value.decode("utf-8", "replace") if isinstance(value, bytes) else value
        for key, value in message.headers.items()
    }
    headers = with_one_prefix(received)
    attempt = headers.pop(ATTEMPT, 0)
    return Delivery(message, headers, message.body, max(attempt, 0) if isinstance(attempt, int) else 0)


@contextmanager
def _connection_errors() -> Iterator[None]:
    """Convert the client library's exceptions for a lost connection to ConnectionError."""
    try:
        yield
    except (AMQPError, ChannelInvalidStateError) as error:
        raise ConnectionError(f"RabbitMQ: {error}") from cast(Exception, error)
