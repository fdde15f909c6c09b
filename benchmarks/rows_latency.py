"""From the commit to the moment when another service has handled it: who commits, who relays and who hears are processes
of their own, on PostgreSQL and RabbitMQ."""

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

_PATIENCE_SECONDS = 60
_Heard = Callable[[str], None]


def rows() -> list[Row]:
    """At a hundred and at a thousand events a second."""
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
        ground.database("shared") as speaker,
        ground.database("shared") as listener,
    ):
        endpoint.create_tables(speaker)
        subscriber.create_tables(listener)
        uvloop.run(_declared(our_host, their_host))
        with (
            ground.process("benchmarks.processes", "relay", our_host, speaker),
            ground.process("benchmarks.processes", "poll", their_host, speaker),
        ):

            def measure(hear: Callable[[_Heard], Coroutine[Any, Any, None]], how: str) -> Mapping[str, float]:
                return uvloop.run(_delays(hear, [how, speaker, str(rate), str(effort.seconds)]))

            ours = partial(_hear, our_host, Database(listener), events)
            theirs = partial(_hear_one_by_one, their_host, listener)
            yield [
                Entry("Lingjun", partial(measure, ours, "commit")),
                Entry("FastStream, poll each second, a transaction each", partial(measure, theirs, "commit-naive")),
            ]


async def _declared(*hosts: str) -> None:
    for url in hosts:
        transport = RabbitTransport(url, QUEUE, TOPOLOGY)
        await transport.open()
        await transport.close()


async def _delays(hear: Callable[[_Heard], Coroutine[Any, Any, None]], arguments: Sequence[str]) -> dict[str, float]:
    """Hears while a process commits; the delays of all that it committed, in milliseconds."""
    heard: dict[str, float] = {}

    def note(subject: str) -> None:
        heard[subject] = time.monotonic()

    task = asyncio.create_task(hear(note))
    command = [sys.executable, "-m", "benchmarks.processes", *arguments]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    told, _ = await process.communicate()
    committed: dict[str, float] = json.loads(told)
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while not committed.keys() <= heard.keys():
            await asyncio.sleep(0.05)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    delays = sorted(1000 * (heard[subject] - moment) for subject, moment in committed.items())
    return {f"p{part} ms": delays[len(delays) * part // 100] for part in (50, 99)}


class _NotingConsumer(Consumer):
    heard: _Heard

    def handle(self, batch: Sequence[Delivery]) -> None:
        super().handle(batch)
        for delivery in batch:
            self.heard(read_envelope(delivery.headers, delivery.body).subject)


def _one_row(uow: UnitOfWork, event: ApplicationSubmitted, *, context: Context) -> None:
    uow.session.add(subscriber.opened_by(event))


async def _hear(url: str, database: Database, events: Events, heard: _Heard) -> None:
    transport = RabbitTransport(url, QUEUE, TOPOLOGY)
    await transport.open()
    handlers: Handlers = {ApplicationSubmitted: _one_row}
    consumer = _NotingConsumer(database, transport, handlers, clock=SystemClock(), tools=events.tools)
    consumer.heard = heard
    try:
        await consumer.run()
    finally:
        await transport.close()


async def _hear_one_by_one(url: str, database_url: str, heard: _Heard) -> None:
    one_by_one = subscriber.OneByOne(database_url)

    async def handled(event: ApplicationSubmitted) -> None:
        await one_by_one(event)
        heard(event.subject)

    try:
        async with subscriber.listener(url, f"lingjun.{QUEUE}", handled) as broker:
            await broker.start()
            await asyncio.Event().wait()
    finally:
        await one_by_one.close()
