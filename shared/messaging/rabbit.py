"""RabbitMQ through aio-pika: publisher confirms, one active consumer, parked retries, dead letters, the log as a stream.
Keeps the promises of transport.py, over the exchanges and queues of declaring.py.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange, AbstractIncomingMessage, AbstractQueue
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError
from aiormq.channel import Channel

from shared.messaging.batch_publish import publish_batch
from shared.messaging.topology import DEAD_EXCHANGE, EXCHANGE, LOG, answered, declare, parking_name, queue_name
from shared.messaging.transport import KEEP, RETRY_DELAYS, Delivery, Outgoing, with_reason

ATTEMPT = "x-lingjun-attempt"
PREFETCH = 400
_MARK = "x-lingjun-mark"


@dataclass(frozen=True)
class _Consumed:
    """The queue that is listened to, the broker's tag for that, and how many deliveries may be unsettled."""

    queue: AbstractQueue
    tag: str
    prefetch: int


class RabbitTransport:
    """One queue's connection. `topology` (queue -> bound types) is declared whole, so that no listener's queue is missing
    when the first event is published; an empty one is found declared, by an owner of the broker."""

    def __init__(
        self,
        url: str,
        queue: str,
        topology: Mapping[str, Sequence[str]],
        ladder: Sequence[timedelta] = RETRY_DELAYS,
        keep: timedelta = KEEP,
    ) -> None:
        self._url, self._queue, self._topology, self.ladder, self._keep = url, queue, topology, ladder, keep
        self._connection: AbstractConnection | None = None
        self._channel: AbstractChannel
        self._events: AbstractExchange
        self._arrived: asyncio.Queue[AbstractIncomingMessage]
        self._consumed: _Consumed | None = None
        self._prefetch = 1

    async def open(self) -> None:
        await self.close()
        with _faults():
            async with answered(urlsplit(self._url).netloc.rpartition("@")[2]):
                self._connection = await aio_pika.connect(self._url)
            self._channel = await self._connection.channel(on_return_raises=True)
            if self._topology:
                await declare(self._connection, self._channel, self._topology, self.ladder, self._keep)
            else:
                async with answered(queue_name(self._queue)):
                    await self._channel.declare_queue(queue_name(self._queue), passive=True)
            self._events = await self._channel.get_exchange(EXCHANGE, ensure=False)
        self._arrived, self._consumed, self._prefetch = asyncio.Queue(), None, 1

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
        with _faults():
            channel = await self._channel.get_underlay_channel()
            results = await publish_batch(cast(Channel, channel), exchange.name, messages)
        return {
            message.id: f"{type(refusal).__name__}: {refusal}"
            for (message, _), refusal in zip(batch, results, strict=True)
            if refusal
        }

    async def past(self) -> AsyncIterator[Delivery]:
        with _faults():
            assert self._connection is not None
            mark = str(uuid4())
            end = _persistent(b"", {_MARK: mark})
            await self._channel.default_exchange.publish(end, routing_key=LOG, mandatory=True)
            async with self._connection.channel() as channel:
                # A stream wants a prefetch, and acknowledgements as credit; it keeps what is acknowledged.
                await channel.set_qos(prefetch_count=PREFETCH)
                log = await channel.get_queue(LOG, ensure=False)
                arrived: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
                await log.consume(arrived.put, arguments={"x-stream-offset": "first"})
                while (message := await _next(arrived, channel)).headers.get(_MARK) != mark:
                    await message.ack()
                    if _MARK not in message.headers:
                        yield _delivery(message)

    async def receive(self, most: int) -> list[Delivery]:
        with _faults():
            if self._consumed and self._consumed.prefetch < self._prefetch:
                await self._consumed.queue.cancel(self._consumed.tag)
                self._consumed = None
            # What still came before the end is settled first: two holders would be given it back in any order.
            if self._consumed is None and self._arrived.empty():
                self._consumed = await self._consume(self._prefetch)
            found = [await _first(self._arrived, self._channel)]
            if not found[0].redelivered:
                self._prefetch = PREFETCH
        while len(found) < most and not self._arrived.empty():
            found.append(self._arrived.get_nowait())
        return [_delivery(message) for message in found]

    async def _consume(self, prefetch: int) -> _Consumed:
        """One at a time for as long as those come that a process was given before: if it died of one of them, the broker
        must count that against none of the others."""
        await self._channel.set_qos(prefetch_count=prefetch)
        queue = await self._channel.get_queue(queue_name(self._queue), ensure=False)
        return _Consumed(queue, await queue.consume(self._arrived.put), prefetch)

    async def done(self, deliveries: Sequence[Delivery]) -> None:
        with _faults():
            # Everything before the last one is settled by now: a batch is settled in the order in which it came.
            await deliveries[-1].tag.ack(multiple=True)

    async def retry(self, delivery: Delivery) -> None:
        headers = delivery.headers | {ATTEMPT: delivery.attempt + 1}
        await self._move(
            delivery, headers, self._channel.default_exchange, parking_name(self._queue, self.ladder[delivery.attempt])
        )

    async def dead_letter(self, delivery: Delivery, reason: str) -> None:
        exchange = await self._channel.get_exchange(DEAD_EXCHANGE, ensure=False)
        await self._move(delivery, with_reason(delivery.headers, self._queue, reason), exchange, "")

    async def _move(
        self, delivery: Delivery, headers: dict[str, Any], exchange: AbstractExchange, routing_key: str
    ) -> None:
        with _faults():
            await exchange.publish(_persistent(delivery.body, headers), routing_key=routing_key, mandatory=True)
            await delivery.tag.ack()

    async def close(self) -> None:
        if self._connection and not self._connection.is_closed:
            await self._connection.close()


async def _first(arrived: asyncio.Queue[AbstractIncomingMessage], channel: AbstractChannel) -> AbstractIncomingMessage:
    """The next that arrives. Raises ConnectionError when the channel closes before."""
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
    """What the log holds next: it ends with a mark, so something always comes."""
    async with answered(LOG):
        return await _first(log, channel)


def _persistent(body: bytes, headers: Mapping[str, Any], message_id: str | None = None) -> aio_pika.Message:
    return aio_pika.Message(
        body,
        headers=dict(headers),
        content_type="application/json",
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        message_id=message_id,
    )


def _delivery(message: AbstractIncomingMessage) -> Delivery:
    # Whoever sent it may have put anything into a header; only text is asked for, and bytes must not stop the consumer.
    headers = {
        key: value.decode("utf-8", "replace") if isinstance(value, bytes) else value
        for key, value in message.headers.items()
    }
    attempt = headers.pop(ATTEMPT, 0)
    return Delivery(message, headers, message.body, max(attempt, 0) if isinstance(attempt, int) else 0)


@contextmanager
def _faults() -> Iterator[None]:
    """Whatever the client library raises about a lost connection becomes a ConnectionError."""
    try:
        yield
    except (AMQPError, ChannelInvalidStateError) as fault:
        raise ConnectionError(f"RabbitMQ: {fault}") from cast(Exception, fault)
