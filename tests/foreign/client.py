"""A client in plain aio-pika, and the bus of review that takes its events."""

import asyncio
import json
from contextlib import asynccontextmanager
from uuid import uuid4

import aio_pika
from sqlmodel import select

from services.demo.programme import CODE
from services.review.bus import make_bus
from tests.messaging.conftest import running


class Client:
    """A client in plain aio-pika."""

    def __init__(self, channel, queue):
        self.channel, self.queue = channel, queue

    @classmethod
    @asynccontextmanager
    async def connected(cls, url, exchange="lingjun.events", key="nothing"):
        """Yield a client with its own queue, bound to an exchange."""
        async with await aio_pika.connect(url) as connection:
            channel = await connection.channel(on_return_raises=True)
            name = f"statistics.{uuid4().hex}"
            queue = await channel.declare_queue(name, durable=True, arguments={"x-max-length": 10_000})
            await queue.bind(await channel.get_exchange(exchange), key)
            yield cls(channel, queue)

    async def read(self, **about):
        """Return the attributes, the content type and the data of the next event with these attributes.

        A dead letter is redelivered if its reader stopped before the message was acknowledged.
        """
        async with self.queue.iterator() as messages:
            async for message in messages:
                await message.ack()
                if all(message.headers.get(f"cloudEvents:{name}") == value for name, value in about.items()):
                    return dict(message.headers), message.content_type, message.body
        raise AssertionError(f"the queue was closed before {about} came")

    async def take(self, count):
        """Return the next `count` messages."""
        taken = []
        async with self.queue.iterator() as messages:
            async for message in messages:
                await message.ack()
                taken.append(message)
                if len(taken) == count:
                    return taken
        raise AssertionError(f"the queue was closed after {len(taken)} messages")

    async def publish(self, kind, data, prefix="cloudEvents:", **changed):
        """Publish one event in the binary content mode; None omits an attribute."""
        attributes = {
            "specversion": "1.0",
            "id": str(uuid4()),
            "type": kind,
            "source": "/lingjun/intake",
            "subject": CODE,
            "sequence": "1",
            "time": "2021-11-22T01:00:00Z",
        } | changed
        headers = {f"{prefix}{name}": value for name, value in attributes.items() if value is not None}
        await self.send(kind, headers, json.dumps(data).encode())

    async def send(self, kind, headers, body, content_type="application/json"):
        """Publish a message as it is, with `kind` as its routing key."""
        message = aio_pika.Message(
            body,
            content_type=content_type,
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            headers=headers,
        )
        exchange = await self.channel.get_exchange("lingjun.events")
        await exchange.publish(message, routing_key=kind, mandatory=True)


@asynccontextmanager
async def running_bus(process):
    """Run the bus of review inside the block, with its queues declared."""

    async def tick():
        await asyncio.Event().wait()

    transport = process.transport()
    await transport.open()
    await transport.close()
    async with running(lambda: make_bus(process).run(lambda _job_id: None, tick)):
        yield


def rows(process, table):
    with process.database.reader() as session:
        return session.exec(select(table)).all()
