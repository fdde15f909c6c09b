"""`python -m tests.messaging.mortality BUS QUEUE SPEAKER LISTENER`: a house on its bus, killed again and again in the middle.

The embedded bus lives and dies with the process that relays and hears: each life but the last is a fork that is killed at
some moment after its first event. test_outages.py ends it.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path
from random import Random
from tempfile import mkdtemp

from shared.persistence.database import Database
from tests.messaging.conftest import Installation
from tests.messaging.dying import tools_in
from tests.messaging.outages import count_effect, enduring

LIVES = 8


async def live(longest: float, bus: str, queue: str, speaker: str, listener: str) -> None:
    """Relays and hears; with a `longest`, for as many seconds at most from its first event on."""

    def handler(uow, event, *, context):
        if longest and not signal.getitimer(signal.ITIMER_REAL)[0]:
            signal.setitimer(signal.ITIMER_REAL, longest)
        count_effect(uow, event, context=context)

    installation = Installation(bus, Database(speaker), Database(listener), tools_in(Path(mkdtemp())))
    installation.queue = queue
    async with enduring(installation, handler):
        await asyncio.Event().wait()


def main(arguments: list[str]) -> None:
    """All lives, one after the other."""
    rng = Random(1)
    for _ in range(LIVES):
        child = os.fork()
        if child == 0:
            # What an alarm does to a process that does not listen to it is what a kill does.
            asyncio.run(live(rng.uniform(0.01, 0.5), *arguments))
        _, status = os.waitpid(child, 0)
        if os.WTERMSIG(status) != signal.SIGALRM:
            raise SystemExit("a life ended by itself")
    asyncio.run(live(0, *arguments))


if __name__ == "__main__":
    main(sys.argv[1:])
