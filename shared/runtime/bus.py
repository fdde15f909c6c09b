"""The bus process of a service: relay, consumer, dispatcher and timer under one supervisor. Used by each service's bus.py."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from sqlmodel import SQLModel

from shared.events.subscriptions import SUBSCRIPTIONS
from shared.jobs.dispatcher import Dispatcher
from shared.jobs.job import requeue_failed
from shared.messaging.consumer import Consumer, Handlers
from shared.messaging.relay import Relay
from shared.messaging.transport import Transport
from shared.persistence.pg_notify import listen
from shared.runtime.waiting_metrics import DeadLetters, export_waiting
from shared.wiring.process import Process

_RECONNECT_SECONDS = (0.5, 1, 2, 5)
_log = structlog.get_logger()


@dataclass(frozen=True)
class Bus:
    """What one service does with the bus. `handlers` must be exactly those of LISTENERS; `dead_letters` counts those that
    wait, in the service that keeps them; `subjects` as for the consumer."""

    process: Process
    handlers: Handlers
    dead_letters: DeadLetters | None = None
    subjects: type[SQLModel] | None = None

    def __post_init__(self) -> None:
        bound = set(SUBSCRIPTIONS[self.process.service])
        if bound != set(self.handlers):
            odd = sorted(event.TYPE for event in bound ^ set(self.handlers))
            raise TypeError(f"{self.process.service}: handlers and LISTENERS differ in {odd}")

    async def run(self, send: Callable[[UUID], None], tick: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Runs until cancelled. `send` hands a job to Celery, or executes it in the process; `tick` is Celery beat, or the
        timer itself, and runs for as long as the bus."""
        process = self.process
        relaying, consuming = process.transport(), process.transport()
        relay = Relay(process.database, relaying, service=process.service)
        dispatcher = Dispatcher(process.database, send)

        def wake() -> None:
            relay.wake()
            dispatcher.wake()

        process.database.committed = wake
        attempts = len(process.settings.retry_ladder)
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
    """Opens the transport and works; when the connection is lost, waits a little longer each time and begins again."""

    async def open_and_work() -> None:
        try:
            await transport.open()
            await work()
        finally:
            await transport.close()

    await supervised(open_and_work)


async def supervised(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Begins `work` again after a failure, loudly; a broker or a database that is away is waited for."""
    failures = 0
    while True:
        started = asyncio.get_running_loop().time()
        try:
            await work()
        except Exception as fault:
            failures = 1 if asyncio.get_running_loop().time() - started > 30 else failures + 1
            pause = _RECONNECT_SECONDS[min(failures, len(_RECONNECT_SECONDS)) - 1]
            _log.error("bus_restarts", work=work.__qualname__, reason=f"{type(fault).__name__}: {fault}", pause=pause)
            await asyncio.sleep(pause)
