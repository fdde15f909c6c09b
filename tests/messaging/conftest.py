"""Fixtures for both kinds of bus: a publisher and a subscriber, each with its own database; one handler per test."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from shared.adapters.files import FileStore
from shared.adapters.keyring import KeyRing
from shared.adapters.mail import FileMailer
from shared.context import Tools
from shared.events.billing import FeePaid
from shared.foundation.clock import SystemClock
from shared.messaging.consumer import Consumer
from shared.messaging.relay import Relay
from shared.persistence.database import Database
from shared.persistence.schema import upgrade
from shared.sandbox import Sandbox
from shared.wiring.process import make_redis, make_transport

RETRY_DELAYS = (timedelta(milliseconds=50), timedelta(milliseconds=100))


@pytest.fixture(params=["embedded", "rabbitmq"])
def bus_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of each kind of bus: a SQLite file, and a real RabbitMQ."""
    if request.param == "embedded":
        return f"sqlite:///{tmp_path / 'bus.db'}"
    url: str = request.getfixturevalue("rabbitmq_url")
    return url


class Installation:
    """One publisher and one subscriber on a bus, each with its own database; RETRY_DELAYS are short."""

    def __init__(self, bus_url: str, publisher: Database, subscriber: Database, tools: Tools) -> None:
        self.bus_url, self.publisher, self.subscriber, self.tools = bus_url, publisher, subscriber, tools
        self.queue = f"q{uuid4().hex[:8]}"

    def transport(self, queue: str | None = None) -> Any:
        """Return a transport with the test's own topology."""
        return make_transport(self.bus_url, queue or self.queue, {self.queue: (FeePaid.TYPE,)}, RETRY_DELAYS)

    def publish(self, *events: FeePaid) -> None:
        """Publish the events in one transaction."""
        with self.publisher.transaction() as uow:
            for event in events:
                uow.publish(event, now=datetime.now(UTC))

    @asynccontextmanager
    async def relaying(self):
        """Relay the publisher's outbox inside the block."""
        transport = self.transport()
        await transport.open()
        async with running(Relay(self.publisher, transport).run):
            yield
        await transport.close()

    @asynccontextmanager
    async def consuming(self, handler: Callable[..., None]):
        """Handle FeePaid with `handler` in the subscriber inside the block."""
        transport = self.transport()
        await transport.open()
        consumer = Consumer(
            self.subscriber,
            transport,
            {FeePaid: handler},
            clock=SystemClock(),
            tools=self.tools,
            attempts=len(RETRY_DELAYS),
        )
        async with running(consumer.run):
            yield
        await transport.close()


@asynccontextmanager
async def running(work):
    """Run `work` as a task inside the block, then cancel it. A failure of the task fails the test."""
    task = asyncio.create_task(work())
    try:
        yield
        if task.done():
            task.result()
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def eventually(check: Callable[[], bool], seconds: float = 20) -> None:
    """Wait until `check` returns true; raise AssertionError after `seconds`."""
    for _ in range(int(seconds / 0.02)):
        if await asyncio.to_thread(check):
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the condition was not met in time")


def fee_paid(paid_fen: int = 2_500_000, application_id: Any = None) -> FeePaid:
    """Return an event to publish."""
    return FeePaid(
        application_id=application_id or uuid4(), programme="P", paid_fen=paid_fen, paid_at=datetime.now(UTC)
    )


@pytest.fixture(params=["sqlite", "postgresql"])
def database_urls(request: pytest.FixtureRequest, tmp_path: Path) -> list[str]:
    """Two empty databases of one kind: the publisher's and the subscriber's."""
    names = ("publisher", "subscriber")
    if request.param == "sqlite":
        return [f"sqlite:///{tmp_path / name}.db" for name in names]
    make = request.getfixturevalue("postgres_url")
    return [make(name) for name in names]


@pytest.fixture
def installation(bus_url: str, database_urls: list[str], tmp_path: Path) -> Iterator[Installation]:
    """A publisher and a subscriber, on both kinds of bus and of database."""
    databases = []
    for url in database_urls:
        upgrade(url, "shared")
        databases.append(Database(url))
    keys = KeyRing(tmp_path / "keys", purposes=())
    tools = Tools(
        keys=keys,
        files=FileStore(f"file://{tmp_path}/files", keys),
        mailer=FileMailer(tmp_path / "mail"),
        redis=make_redis(f"memory://{tmp_path}"),
        public_url="http://127.0.0.1",
        sandbox=Sandbox(),
    )
    yield Installation(bus_url, databases[0], databases[1], tools)
    for database in databases:
        database.close()
