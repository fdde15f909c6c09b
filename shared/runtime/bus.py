"""The bus process of a service: relay, consumer, dispatcher and timer, each supervised. Used by each service's
bus.py."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from sqlmodel import SQLModel

from shared.foundation.retries import BUS_DELAYS, retrying_async
from shared.jobs.dispatcher import Dispatcher
from shared.jobs.job import requeue_failed
from shared.messaging.consumer import Consumer, Handlers
from shared.messaging.relay import Relay
from shared.messaging.transport import Transport
from shared.persistence.pg_notify import listen
from shared.runtime.waiting_metrics import DeadLetters, export_waiting
from shared.wiring.process import Process
from shared.wiring.registry import SERVICES

# A failure after work of this length counts as the first.
_STEADY_SECONDS = 30
_log = structlog.get_logger()


@dataclass(frozen=True)
class Bus:
    """The bus of one service. `handlers` must match the registry's subscriptions exactly, else TypeError. `dead_letters` counts the
    waiting dead letters, in the service that stores them. `subjects`: see Consumer."""

    process: Process
    handlers: Handlers
    dead_letters: DeadLetters | None = None
    subjects: type[SQLModel] | None = None

    def __post_init__(self) -> None:
        bound = set(SERVICES[self.process.service].subscriptions)
        if bound != set(self.handlers):
            differing = sorted(event.TYPE for event in bound ^ set(self.handlers))
            raise TypeError(f"{self.process.service}: handlers and the registry's subscriptions differ in {differing}")

    async def run(self, send: Callable[[UUID], None], tick: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run until cancelled. `send` sends a job to Celery, or executes it in this process. `tick` is Celery beat or
        the timer itself, and runs as long as the bus."""
        process = self.process
        relaying, consuming = process.transport(), process.transport()
        relay = Relay(process.database, relaying, service=process.service)
        dispatcher = Dispatcher(process.database, send)

        def wake() -> None:
            relay.wake()
            dispatcher.wake()

        process.database.committed = wake
        attempts = len(process.settings.retry_delays)
        consumer = Consumer(
            process.database,
            consuming,
            self.handlers,
            clock=process.clock,
            tools=process.tools,
            subjects=self.subjects,
            attempts=attempts,
            service=process.service,
            requeue_job=requeue_failed,
        )
        with export_waiting(process.service, process.database, process.clock, self.dead_letters):
            async with asyncio.TaskGroup() as group:
                group.create_task(connected(relaying, relay.run))
                group.create_task(connected(consuming, consumer.run))
                group.create_task(supervised(dispatcher.run))
                group.create_task(supervised(tick))
                if not process.database.is_sqlite:
                    group.create_task(supervised(lambda: listen(process.database.url, wake)))


async def connected(transport: Transport, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Open the transport and run `work`; reopen it with increasing delays when the connection is lost."""

    async def open_and_work() -> None:
        try:
            await transport.open()
            await work()
        finally:
            await transport.close()

    await supervised(open_and_work)


async def supervised(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Restart `work` after each failure, with increasing delays, and log the failure. An unreachable broker or database
    is such a failure."""
    clock = asyncio.get_running_loop().time

    def on_failure(error: Exception, _failures: int, pause: float) -> None:
        _log.error("bus_restarts", work=work.__qualname__, reason=f"{type(error).__name__}: {error}", pause=pause)

    while True:
        async for attempt in retrying_async(BUS_DELAYS, Exception, on_failure):
            started = clock()
            with attempt:
                await work()
            if clock() - started > _STEADY_SECONDS:
                attempt.retry_state.attempt_number = 1
