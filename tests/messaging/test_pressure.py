"""Back-pressure: however much waits, little of it is in the consumer's hands. LINGJUN_WAITING says how many wait."""

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
    """This process's memory, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


@pytest.mark.parametrize("database_urls", ["sqlite"], indirect=True)
def test_whatever_waits_only_a_bounded_part_of_it_is_in_the_consumers_hands(installation):
    async def play():
        transport = installation.transport()
        await transport.open()
        for _ in range(0, WAITING, 500):
            batch = [Outgoing(uuid4(), fee_paid().TYPE, {"number": 1}, b"x" * 1000) for _ in range(500)]
            assert await transport.publish(batch) == {}
        before, most, got = resident(), 0, 0
        while got < WAITING:
            batch = await transport.receive(100)
            got += len(batch)
            in_hand = transport._arrived.qsize() if hasattr(transport, "_arrived") else 0
            assert len(batch) <= 100
            assert in_hand <= PREFETCH
            most = max(most, resident() - before)
            await transport.done(batch)
        await transport.close()
        return got, most

    got, most = asyncio.run(play())
    assert got == WAITING
    assert most < MOST_BYTES
