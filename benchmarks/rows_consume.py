"""Consume: the product's consumer with inbox and real effects, against FastStream's typed consumer."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import uvloop

from benchmarks.applications import open_programme
from benchmarks.events import QUEUE, TOPOLOGY, Events
from benchmarks.ground import Ground
from benchmarks.installation import ACTOR
from benchmarks.measure import Effort, Entry, Row
from benchmarks.peers import subscriber
from services.review import actions
from services.review.handlers import on_application_submitted
from services.review.models import Case
from shared.context import Context
from shared.events.intake import ApplicationSubmitted, Programme
from shared.foundation.clock import SystemClock, real_now
from shared.messaging.consumer import Consumer, Handler
from shared.messaging.rabbit import RabbitTransport
from shared.messaging.transport import Delivery
from shared.persistence.database import Database
from shared.persistence.unit_of_work import UnitOfWork

AIM = "1x FastStream without a database"


def rows() -> list[Row]:
    """Return one row. The queue is filled first; the rate counts from the first handled event to the last."""
    return [Row("consume", "Consume with inbox and effect, events of 2 KB", AIM, _opened)]


class Counting:
    """Count handled events; the rate covers the time from the start of the first batch."""

    def __init__(self, count: int) -> None:
        self._left, self._count = count, count
        self._started = 0.0
        self.all_handled = asyncio.Event()

    def begin(self) -> None:
        """Start the measurement, on the first call."""
        self._started = self._started or time.monotonic()

    def handled(self, number: int) -> None:
        """Count `number` more handled events."""
        self._left -= number
        if self._left <= 0:
            self._ended = time.monotonic()
            self.all_handled.set()

    @property
    def rate(self) -> float:
        """Events per second."""
        return self._count / (self._ended - self._started)


class _CountingConsumer(Consumer):
    counting: Counting

    async def _process(self, batch: Sequence[Delivery]) -> None:
        self.counting.begin()
        await super()._process(batch)
        self.counting.handled(len(batch))


@contextmanager
def _opened(ground: Ground, effort: Effort) -> Iterator[Sequence[Entry]]:
    events = Events(ground.fresh_folder())
    with ground.virtual_host() as url, ground.database("review") as database_url:
        subscriber.create_tables(database_url)
        database = Database(database_url)
        with database.transaction() as uow:
            programme = Programme.model_validate(open_programme(real_now()))
            actions.keep_programme(uow, programme, actor=ACTOR, now=real_now())

        def entry(name: str, work: Callable[[Counting], Coroutine[Any, Any, None]], share: int = 1) -> Entry:
            def measure() -> Mapping[str, float]:
                return {"handled/s": uvloop.run(_filled(url, events, max(effort.events // share, 2), work))}

            return Entry(name, measure)

        def ours(handler: Handler, **options: Any) -> Callable[[Counting], Coroutine[Any, Any, None]]:
            return lambda counting: _consumed(url, database, events, handler, counting, **options)

        async def written(counting: Counting) -> None:
            one_by_one = subscriber.OneByOne(database_url)
            await _by_faststream(url, one_by_one, counting)
            await one_by_one.close()

        yield [
            entry("Lingjun: inbox and one row", ours(_one_row)),
            entry("Lingjun: inbox and review's case, audited", ours(on_application_submitted, subjects=Case)),
            entry("FastStream, typed, nothing written", lambda counting: _by_faststream(url, _nothing, counting)),
            entry("FastStream, inbox and one row, a transaction each", written, 5),
        ]
        database.close()


def _one_row(uow: UnitOfWork, event: ApplicationSubmitted, *, context: Context) -> None:
    uow.session.add(subscriber.opened_by(event))


async def _nothing(_event: ApplicationSubmitted) -> None:
    return


async def _filled(url: str, events: Events, count: int, work: Callable[[Counting], Coroutine[Any, Any, None]]) -> float:
    transport = RabbitTransport(url, QUEUE, TOPOLOGY)
    await transport.open()
    batch = events.copies(count)
    for first in range(0, count, 500):
        await transport.publish(batch[first : first + 500])
    await transport.close()
    counting = Counting(count)
    await work(counting)
    return counting.rate


async def _consumed(
    url: str, database: Database, events: Events, handler: Handler, counting: Counting, **options: Any
) -> None:
    transport = RabbitTransport(url, QUEUE, TOPOLOGY)
    await transport.open()
    consumer = _CountingConsumer(
        database, transport, {ApplicationSubmitted: handler}, clock=SystemClock(), tools=events.tools, **options
    )
    consumer.counting = counting
    task = asyncio.create_task(consumer.run())
    await counting.all_handled.wait()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    await transport.close()


async def _by_faststream(
    url: str, effect: Callable[[ApplicationSubmitted], Awaitable[None]], counting: Counting
) -> None:
    async def handled(event: ApplicationSubmitted) -> None:
        counting.begin()
        await effect(event)
        counting.handled(1)

    async with subscriber.make_broker(url, f"lingjun.{QUEUE}", handled) as broker:
        await broker.start()
        await counting.all_handled.wait()
        await asyncio.sleep(0.2)
