"""The embedded bus: one SQLite file, many queues, many threads."""

import asyncio
from contextlib import suppress
from uuid import uuid4

from shared.messaging.embedded import EmbeddedBus, EmbeddedTransport
from shared.messaging.transport import Outgoing

QUEUES, PUBLISHERS, MESSAGES = 5, 4, 100


def test_queues_are_consumed_concurrently_while_several_publishers_publish(tmp_path):
    bus = EmbeddedBus(tmp_path / "bus.db")
    topology = {f"queue-{number}": ["noted"] for number in range(QUEUES)}
    received = dict.fromkeys(topology, 0)
    everything = QUEUES * PUBLISHERS * MESSAGES

    async def consume(queue: str):
        transport = EmbeddedTransport(bus, queue, topology)
        await transport.open()
        while sum(received.values()) < everything:
            batch = await transport.receive(10)
            await transport.acknowledge(batch)
            received[queue] += len(batch)

    async def publish():
        transport = EmbeddedTransport(bus, "queue-0", topology)
        await transport.open()
        for _ in range(MESSAGES):
            await transport.publish([Outgoing(uuid4(), "noted", {}, b"x" * 500)])

    async def play():
        consumers = [asyncio.create_task(consume(queue)) for queue in topology]
        await asyncio.gather(*(publish() for _ in range(PUBLISHERS)))
        while sum(received.values()) < everything:
            await asyncio.wait(consumers, timeout=0.1, return_when=asyncio.FIRST_EXCEPTION)
            for task in consumers:
                if task.done():
                    task.result()
        for task in consumers:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    asyncio.run(play())
    bus.close()
    assert received == dict.fromkeys(topology, PUBLISHERS * MESSAGES)
