"""An event that kills the process whenever it is handled is detected and dead-lettered alone."""

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from shared.messaging.transport import DEAD_LETTERS
from tests.messaging.conftest import eventually, fee_paid
from tests.messaging.dying import POISON_FEN
from tests.messaging.outages import effects


@contextmanager
def crashing_consumer(installation):
    """Run a consumer in another process, which crashes on the poison event and is restarted."""
    arguments = [
        installation.bus_url,
        installation.queue,
        installation.subscriber.engine.url.render_as_string(hide_password=False),
    ]
    command = [sys.executable, "-m", "tests.messaging.dying", *arguments]
    process = subprocess.Popen(command, cwd=Path(__file__).parents[2], start_new_session=True)
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_a_poison_event_is_dead_lettered_and_all_others_are_handled(installation):
    others = [*range(1, POISON_FEN), *range(POISON_FEN + 1, 41)]

    async def play():
        dead = installation.transport(DEAD_LETTERS)
        await dead.open()
        installation.publish(*[fee_paid(number) for number in range(1, 41)])
        async with installation.relaying():
            with crashing_consumer(installation):
                found = await asyncio.wait_for(dead.receive(10), 120)
                await dead.acknowledge(found)
                await eventually(lambda: effects(installation) == len(others), seconds=60)
        await dead.close()
        return found

    (dead_letter,) = asyncio.run(play())
    assert f'"paid_fen":{POISON_FEN}'.encode() in dead_letter.body
    assert effects(installation) == len(others)
