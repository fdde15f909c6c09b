"""Helpers for outages: a private server that can be killed, a proxy that cuts connections, a bus that reconnects.

Used by test_outages.py, test_order.py, test_poison.py, dying.py and mortality.py.
"""

import asyncio
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from sqlmodel import func, select

from shared.events.billing import FeePaid
from shared.foundation.clock import SystemClock
from shared.messaging.consumer import Consumer
from shared.messaging.relay import Relay
from shared.persistence.models import InboxRow, LastSequence, OutboxRow
from shared.runtime.bus import connected
from tests.messaging.conftest import RETRY_DELAYS, eventually, running
from tests.servers import keeper, postgres, rabbitmq
from tests.servers.processes import Program, end, private_instances_possible, spawn, wait_until_it_answers

SERVERS = {"rabbitmq": rabbitmq.prepared, "postgres": postgres.prepared}


class KillableServer:
    """A server that can be killed and started again."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._process = spawn(program)
        self._wait()

    def _wait(self) -> None:
        wait_until_it_answers(self._program.name, self._process, self._program.log, self._program.answers)

    def kill(self) -> None:
        """Kill the server at once, in the middle of its work."""
        end(self._process, self._program.end_signal)

    async def start(self) -> None:
        """Start the server in this thread, because it ends with the thread that starts it; wait in another thread."""
        self._process = spawn(self._program)
        await asyncio.to_thread(self._wait)


@contextmanager
def killable_server(name: str) -> Iterator[tuple[KillableServer, str]]:
    """Yield a private server and its URL: a fresh virtual host, or a PostgreSQL without a database name."""
    if not private_instances_possible() or keeper.PROGRAMS[name]() is None:
        pytest.skip(f"{name} is not installed: python -m tests.servers install (as root on Debian or Ubuntu)")
    folder = Path(tempfile.gettempdir()) / f"lingjun-mortal-{name}-{os.getpid()}-{uuid4().hex[:6]}"
    with SERVERS[name](folder) as (address, program), ExitStack() as stack:
        server = KillableServer(program)
        stack.callback(server.kill)
        if name == "rabbitmq":
            yield server, stack.enter_context(rabbitmq.virtual_host(address, "mortal"))
        else:
            yield server, f"postgresql+psycopg://{address.user}:{address.password}@127.0.0.1:{address.port}"


class Proxy:
    """A TCP proxy in front of a broker; `cut` aborts every connection."""

    def __init__(self, url: str) -> None:
        self._target = urlsplit(url)
        self._open: set[asyncio.StreamWriter] = set()

    @asynccontextmanager
    async def listening(self):
        """Yield the broker's URL through the proxy."""
        server = await asyncio.start_server(self._accept, "127.0.0.1")
        port = server.sockets[0].getsockname()[1]
        async with server:
            yield self._target._replace(netloc=self._target.netloc.rpartition(":")[0] + f":{port}").geturl()
            self.cut()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(self._target.hostname, self._target.port)
        self._open |= {writer, far_writer}
        await asyncio.gather(self._pass(reader, far_writer), self._pass(far_reader, writer))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)
        writer.close()

    def cut(self) -> None:
        """Abort every connection, as if the network failed."""
        for writer in self._open:
            writer.transport.abort()
        self._open.clear()


@asynccontextmanager
async def reconnecting(installation, handler):
    """Relay and consume inside the block, and reconnect after a lost connection, as a bus process does."""
    relaying, consuming = installation.transport(), installation.transport()
    tools = {"clock": SystemClock(), "tools": installation.tools}
    consumer = Consumer(installation.subscriber, consuming, {FeePaid: handler}, attempts=len(RETRY_DELAYS), **tools)
    async with (
        running(lambda: connected(relaying, _relay(installation, relaying))),
        running(lambda: connected(consuming, consumer.run)),
    ):
        yield


def _relay(installation, transport):
    async def relay() -> None:
        await Relay(installation.publisher, transport).run()

    return relay


def count_effect(uow, event, *, context):
    """Handle an event with an effect that violates the primary key when it is repeated."""
    uow.session.add(LastSequence(source="effect", subject=event.subject, part=str(event.paid_fen), sequence=0))


def effects(installation) -> int:
    with installation.subscriber.reader() as session:
        return session.exec(select(func.count()).select_from(LastSequence).where(LastSequence.source == "effect")).one()


def waiting(installation) -> int:
    """Return the number of rows in the publisher's outbox."""
    with installation.publisher.reader() as session:
        return session.exec(select(func.count()).select_from(OutboxRow)).one()


async def all_handled(installation, number: int) -> None:
    """Wait until `number` published events are relayed, handled and effective once."""
    await eventually(lambda: waiting(installation) == 0 and effects(installation) >= number, seconds=120)
    with installation.subscriber.reader() as session:
        assert session.exec(select(func.count()).select_from(InboxRow)).one() == number
    assert effects(installation) == number
