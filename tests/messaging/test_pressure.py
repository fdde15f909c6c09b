"""Back-pressure: a consumer buffers only a few of the waiting messages. LINGJUN_WAITING sets how many wait."""

import asyncio
import os
from pathlib import Path
from uuid import uuid4

import pytest

from shared.messaging.rabbit import PREFETCH
from shared.messaging.transport import Outgoing
from tests.messaging.conftest import fee_paid

WAITING = int(os.environ.get("LINGJUN_WAITING", "10000"))
MOST_BYTES = 48 * 1024 * 1024


def resident() -> int:
    """Return the resident memory of this process, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


@pytest.mark.parametrize("database_urls", ["sqlite"], indirect=True)
def test_a_consumer_buffers_a_bounded_part_of_the_waiting_messages(installation):
    async def play():
        transport = installation.transport()
        await transport.open()
        for _ in range(0, WAITING, 500):
            batch = [Outgoing(uuid4(), fee_paid().TYPE, {"number": 1}, b"x" * 1000) for _ in range(500)]
            assert await transport.publish(batch) == {}
        before, most, received = resident(), 0, 0
        while received < WAITING:
            batch = await transport.receive(100)
            received += len(batch)
            buffered = transport._arrived.qsize() if hasattr(transport, "_arrived") else 0
            assert len(batch) <= 100
            assert buffered <= PREFETCH
            most = max(most, resident() - before)
            await transport.acknowledge(batch)
        await transport.close()
        return received, most

    received, most = asyncio.run(play())
    assert received == WAITING
    assert most < MOST_BYTES
