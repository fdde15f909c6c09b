"""`python -m tests.messaging.mortality BUS QUEUE PUBLISHER SUBSCRIBER`: relay and consumer, killed repeatedly.

The embedded bus runs inside the process that relays and consumes. Each run but the last is a fork that is killed at a
random moment after its first event. test_outages.py starts and kills the program.
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
from tests.messaging.outages import count_effect, reconnecting

RUNS = 8


async def relay_and_consume(most_seconds: float, bus: str, queue: str, publisher: str, subscriber: str) -> None:
    """Relay and consume. If `most_seconds` is not 0, an alarm kills the process that long after its first event."""

    def handler(uow, event, *, context):
        if most_seconds and not signal.getitimer(signal.ITIMER_REAL)[0]:
            signal.setitimer(signal.ITIMER_REAL, most_seconds)
        count_effect(uow, event, context=context)

    installation = Installation(bus, Database(publisher), Database(subscriber), tools_in(Path(mkdtemp())))
    installation.queue = queue
    async with reconnecting(installation, handler):
        await asyncio.Event().wait()


def main(arguments: list[str]) -> None:
    """Run all forks, one after the other, then run without a limit."""
    rng = Random(1)
    for _ in range(RUNS):
        child = os.fork()
        if child == 0:
            # An unhandled alarm ends a process as abruptly as a kill.
            asyncio.run(relay_and_consume(rng.uniform(0.01, 0.5), *arguments))
        _, status = os.waitpid(child, 0)
        if os.WTERMSIG(status) != signal.SIGALRM:
            raise SystemExit("a run exited without being killed")
    asyncio.run(relay_and_consume(0, *arguments))


if __name__ == "__main__":
    main(sys.argv[1:])
