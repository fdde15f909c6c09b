"""What an outage needs: a server of the test's own that can be killed, a proxy that cuts connections, a house that endures.

Used by test_outages.py and test_pressure.py.
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
from tests.messaging.conftest import LADDER, eventually, running
from tests.servers import keeper, postgres, rabbitmq
from tests.servers.processes import Program, end, private_instances_possible, spawn, wait_until_it_answers

SERVERS = {"rabbitmq": rabbitmq.prepared, "postgres": postgres.prepared}


class Mortal:
    """A server that is killed and started again."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._process = spawn(program)
        self._wait()

    def _wait(self) -> None:
        wait_until_it_answers(self._program.name, self._process, self._program.log, self._program.answers)

    def kill(self) -> None:
        """Ends it at once, with whatever it was doing."""
        end(self._process, self._program.end_signal)

    async def start(self) -> None:
        """Started by this thread, with which it would die; another waits until it answers."""
        self._process = spawn(self._program)
        await asyncio.to_thread(self._wait)


@contextmanager
def mortal(name: str) -> Iterator[tuple[Mortal, str]]:
    """A private server and its address: a fresh virtual host, or the database `postgres`."""
    if not private_instances_possible() or keeper.PROGRAMS[name]() is None:
        pytest.skip(f"{name} is not installed: python -m tests.servers install (as root on Debian or Ubuntu)")
    folder = Path(tempfile.gettempdir()) / f"lingjun-mortal-{name}-{os.getpid()}-{uuid4().hex[:6]}"
    with SERVERS[name](folder) as (address, program), ExitStack() as stack:
        server = Mortal(program)
        stack.callback(server.kill)
        if name == "rabbitmq":
            yield server, stack.enter_context(rabbitmq.virtual_host(address, "mortal"))
        else:
            yield server, f"postgresql+psycopg://{address.user}:{address.password}@127.0.0.1:{address.port}"


class Proxy:
    """Stands before a broker; `cut` ends every connection without a word."""

    def __init__(self, url: str) -> None:
        self._target = urlsplit(url)
        self._open: set[asyncio.StreamWriter] = set()

    @asynccontextmanager
    async def state(self):
        """The broker's address through the proxy."""
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
        """As if the wire were cut."""
        for writer in self._open:
            writer.transport.abort()
        self._open.clear()


@asynccontextmanager
async def enduring(installation, handler):
    """The house relays and handles inside, as its processes do: what was lost is opened again."""
    relaying, consuming = installation.transport(), installation.transport()
    tools = {"clock": SystemClock(), "tools": installation.tools}
    consumer = Consumer(installation.listener, consuming, {FeePaid: handler}, attempts=len(LADDER), **tools)
    async with (
        running(lambda: connected(relaying, _relay(installation, relaying))),
        running(lambda: connected(consuming, consumer.run)),
    ):
        yield


def _relay(installation, transport):
    async def relay() -> None:
        await Relay(installation.speaker, transport).run()

    return relay


def count_effect(uow, event, *, context):
    """A handler whose effect breaks the key when it is done twice."""
    uow.session.add(LastSequence(source="effect", subject=event.subject, part=str(event.paid_fen), sequence=0))


def effects(installation) -> int:
    with installation.listener.reader() as session:
        return session.exec(select(func.count()).select_from(LastSequence).where(LastSequence.source == "effect")).one()


def waiting(installation) -> int:
    """Rows in the speaker's outbox."""
    with installation.speaker.reader() as session:
        return session.exec(select(func.count()).select_from(OutboxRow)).one()


async def all_handled(installation, number: int) -> None:
    """Waits until everything that was said has left, was heard and took effect once; nothing was given up."""
    await eventually(lambda: waiting(installation) == 0 and effects(installation) >= number, seconds=120)
    with installation.listener.reader() as session:
        assert session.exec(select(func.count()).select_from(InboxRow)).one() == number
    assert effects(installation) == number
