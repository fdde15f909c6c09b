"""Latency from the commit of an event to its handling in another service, on PostgreSQL and RabbitMQ.

Committing, relaying and consuming run in separate processes.
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import uvloop

from benchmarks.events import QUEUE, TOPOLOGY, Events
from benchmarks.ground import ROOT, Ground
from benchmarks.measure import Effort, Entry, Row
from benchmarks.peers import endpoint, subscriber
from shared.context import Context
from shared.events.envelope import read_envelope
from shared.events.intake import ApplicationSubmitted
from shared.foundation.clock import SystemClock
from shared.messaging.consumer import Consumer, Handlers
from shared.messaging.rabbit import RabbitTransport
from shared.messaging.transport import Delivery
from shared.persistence.database import Database
from shared.persistence.unit_of_work import UnitOfWork

_WAIT_SECONDS = 60
_OnHandled = Callable[[str], None]


def rows() -> list[Row]:
    """Return the rows: a hundred and a thousand events per second."""
    few, many = "p50 4 ms, p99 15 ms", "none"
    return [
        Row("latency-100", "Commit to handled in another service, 100/s", few, partial(_opened, 100)),
        Row("latency-1000", "Commit to handled in another service, 1,000/s", many, partial(_opened, 1000)),
    ]


@contextmanager
def _opened(rate: int, ground: Ground, effort: Effort) -> Iterator[Sequence[Entry]]:
    events = Events(ground.fresh_folder())
    with (
        ground.virtual_host() as our_host,
        ground.virtual_host() as their_host,
        ground.database("shared") as publisher_url,
        ground.database("shared") as subscriber_url,
    ):
        endpoint.create_tables(publisher_url)
        subscriber.create_tables(subscriber_url)
        uvloop.run(_declare_queues(our_host, their_host))
        with (
            ground.process("benchmarks.processes", "relay", our_host, publisher_url),
            ground.process("benchmarks.processes", "poll", their_host, publisher_url),
        ):

            def measure(consume: Callable[[_OnHandled], Coroutine[Any, Any, None]], how: str) -> Mapping[str, float]:
                return uvloop.run(_delays(consume, [how, publisher_url, str(rate), str(effort.seconds)]))

            ours = partial(_consume, our_host, Database(subscriber_url), events)
            theirs = partial(_consume_one_by_one, their_host, subscriber_url)
            yield [
                Entry("Lingjun", partial(measure, ours, "commit")),
                Entry("FastStream, poll each second, a transaction each", partial(measure, theirs, "commit-naive")),
            ]


async def _declare_queues(*hosts: str) -> None:
    for url in hosts:
        transport = RabbitTransport(url, QUEUE, TOPOLOGY)
        await transport.open()
        await transport.close()


async def _delays(
    consume: Callable[[_OnHandled], Coroutine[Any, Any, None]], arguments: Sequence[str]
) -> dict[str, float]:
    """Consume while a process commits; return percentiles of the delays of all committed events, in milliseconds."""
    handled_at: dict[str, float] = {}

    def note(subject: str) -> None:
        handled_at[subject] = time.monotonic()

    task = asyncio.create_task(consume(note))
    command = [sys.executable, "-m", "benchmarks.processes", *arguments]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    committed: dict[str, float] = json.loads(output)
    async with asyncio.timeout(_WAIT_SECONDS):
        while not committed.keys() <= handled_at.keys():
            await asyncio.sleep(0.05)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    delays = sorted(1000 * (handled_at[subject] - moment) for subject, moment in committed.items())
    return {f"p{part} ms": delays[len(delays) * part // 100] for part in (50, 99)}


class _NotingConsumer(Consumer):
    on_handled: _OnHandled

    def handle(self, batch: Sequence[Delivery]) -> None:
        super().handle(batch)
        for delivery in batch:
            self.on_handled(read_envelope(delivery.headers, delivery.body).subject)


def _one_row(uow: UnitOfWork, event: ApplicationSubmitted, *, context: Context) -> None:
    uow.session.add(subscriber.opened_by(event))


async def _consume(url: str, database: Database, events: Events, on_handled: _OnHandled) -> None:
    transport = RabbitTransport(url, QUEUE, TOPOLOGY)
    await transport.open()
    handlers: Handlers = {ApplicationSubmitted: _one_row}
    consumer = _NotingConsumer(database, transport, handlers, clock=SystemClock(), tools=events.tools)
    consumer.on_handled = on_handled
    try:
        await consumer.run()
    finally:
        await transport.close()


async def _consume_one_by_one(url: str, database_url: str, on_handled: _OnHandled) -> None:
    one_by_one = subscriber.OneByOne(database_url)

    async def handled(event: ApplicationSubmitted) -> None:
        await one_by_one(event)
        on_handled(event.subject)

    try:
        async with subscriber.make_broker(url, f"lingjun.{QUEUE}", handled) as broker:
            await broker.start()
            await asyncio.Event().wait()
    finally:
        await one_by_one.close()
