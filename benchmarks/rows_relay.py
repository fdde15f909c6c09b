"""Relay with confirms from outbox to broker, against faststream-outbox, which does the same from its own table, and against
FastStream and aio-pika, which publish from memory."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import aio_pika
import uvloop
from faststream.rabbit import ExchangeType, RabbitBroker, RabbitExchange

from benchmarks.events import QUEUE, TOPOLOGY, Events, fill_outbox, outbox_is_empty
from benchmarks.ground import Ground
from benchmarks.measure import Effort, Entry, Row
from benchmarks.peers import relay as peer
from shared.messaging.rabbit import RabbitTransport
from shared.messaging.relay import Relay
from shared.messaging.topology import EXCHANGE
from shared.messaging.transport import Outgoing
from shared.persistence.database import Database

IN_FLIGHT = 500
AIM = "1.3x FastStream with 500 in flight"


def rows() -> list[Row]:
    """Return one row. All entries publish to the product's exchange, with one quorum queue and the event log. CPU is that of
    this process, without the servers."""
    return [Row("relay", "Relay with confirms, events of 2 KB", AIM, _opened)]


class _Clock:
    """Time and CPU of this process since it was made."""

    def __init__(self) -> None:
        self._started, self._cpu_started = time.monotonic(), time.process_time()

    def stopped(self) -> tuple[float, float]:
        """Return both, in seconds."""
        return time.monotonic() - self._started, time.process_time() - self._cpu_started


_Spent = tuple[float, float]


@contextmanager
def _opened(ground: Ground, effort: Effort) -> Iterator[Sequence[Entry]]:
    events = Events(ground.fresh_folder())
    with ground.virtual_host() as url, ground.database("shared") as database_url:
        database = Database(database_url)
        peer.create_tables(database_url)

        def entry(name: str, work: Callable[[str, list[Outgoing]], Coroutine[Any, Any, _Spent]], share: int) -> Entry:
            def measure() -> Mapping[str, float]:
                count = max(effort.events // share, 1)
                seconds, cpu_seconds = uvloop.run(_emptied(url, work(url, events.copies(count))))
                return {"relayed/s": count / seconds, "CPU µs an event": 1e6 * cpu_seconds / count}

            return Entry(name, measure)

        async def relayed(url: str, batch: list[Outgoing]) -> _Spent:
            return await _relayed(url, batch, database)

        yield [
            entry("Lingjun: outbox read, published, confirmed, deleted", relayed, 1),
            entry(
                "faststream-outbox, 50 workers, 500 rows a fetch, 100 a delete",
                partial(_by_outbox, database_url, peer.TUNED),
                1,
            ),
            entry("faststream-outbox, its defaults", partial(_by_outbox, database_url, peer.DEFAULT), 10),
            entry("Lingjun, publishing alone", _published, 1),
            entry("FastStream, 500 in flight", _by_faststream, 1),
            entry("FastStream, one after the other", _by_faststream_singly, 5),
            entry("aio-pika, 500 in flight", _by_aio_pika, 1),
        ]
        database.close()


async def _emptied(url: str, work: Awaitable[_Spent]) -> _Spent:
    """Declare the topology, purge the queue, then do the work."""
    transport = RabbitTransport(url, QUEUE, TOPOLOGY)
    await transport.open()
    await transport.close()
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        await (await channel.get_queue(f"lingjun.{QUEUE}")).purge()
    return await work


async def _relayed(url: str, batch: list[Outgoing], database: Database) -> _Spent:
    await asyncio.to_thread(fill_outbox, database, batch)
    transport = RabbitTransport(url, QUEUE, TOPOLOGY)
    await transport.open()
    clock = _Clock()
    task = asyncio.create_task(Relay(database, transport).run())
    while not await asyncio.to_thread(outbox_is_empty, database):
        await asyncio.sleep(0.01)
    spent = clock.stopped()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    await transport.close()
    return spent


async def _by_outbox(database_url: str, tuning: peer.Tuning, url: str, batch: list[Outgoing]) -> _Spent:
    engine = peer.engine_of(database_url, tuning.workers)
    await peer.fill(engine, batch)
    async with RabbitBroker(url, logger=None) as broker:
        relay = peer.make_relay(engine, broker, tuning)
        clock = _Clock()
        await relay.start()
        while not await peer.is_empty(engine):
            await asyncio.sleep(0.01)
        spent = clock.stopped()
        await relay.stop()
    await engine.dispose()
    return spent


async def _published(url: str, batch: list[Outgoing]) -> _Spent:
    transport = RabbitTransport(url, QUEUE, TOPOLOGY)
    await transport.open()
    clock = _Clock()
    for first in range(0, len(batch), IN_FLIGHT):
        assert await transport.publish(batch[first : first + IN_FLIGHT]) == {}
    spent = clock.stopped()
    await transport.close()
    return spent


async def _by_faststream(url: str, batch: list[Outgoing], in_flight: int = IN_FLIGHT) -> _Spent:
    exchange = RabbitExchange(EXCHANGE, type=ExchangeType.TOPIC, durable=True)
    async with RabbitBroker(url, logger=None) as broker:

        def publish(event: Outgoing) -> Awaitable[object]:
            return broker.publish(
                event.body,
                exchange=exchange,
                routing_key=event.type,
                persist=True,
                headers=event.headers,
                message_id=str(event.id),
                content_type="application/json",
            )

        return await _in_flight(publish, batch, in_flight)


async def _by_faststream_singly(url: str, batch: list[Outgoing]) -> _Spent:
    return await _by_faststream(url, batch, in_flight=1)


async def _by_aio_pika(url: str, batch: list[Outgoing]) -> _Spent:
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel(on_return_raises=True)
        exchange = await channel.get_exchange(EXCHANGE)

        def publish(event: Outgoing) -> Awaitable[object]:
            message = aio_pika.Message(
                event.body,
                headers=event.headers,
                content_type="application/json",
                delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
                message_id=str(event.id),
            )
            return exchange.publish(message, routing_key=event.type)

        return await _in_flight(publish, batch, IN_FLIGHT)


async def _in_flight(publish: Callable[[Outgoing], Awaitable[object]], batch: list[Outgoing], most: int) -> _Spent:
    clock = _Clock()
    for first in range(0, len(batch), most):
        await asyncio.gather(*(publish(event) for event in batch[first : first + most]))
    return clock.stopped()
