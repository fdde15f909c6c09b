"""`python -m tests.messaging.dying BUS QUEUE DATABASE`: a consumer that dies of one event, and is started again at once.

Each life is a fork, so that starting costs nothing; test_poison.py ends it.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path
from tempfile import mkdtemp

from shared.adapters.files import FileStore
from shared.adapters.keyring import KeyRing
from shared.adapters.mail import FileMailer
from shared.context import Tools
from shared.events.billing import FeePaid
from shared.foundation.clock import SystemClock
from shared.messaging.consumer import Consumer
from shared.persistence.database import Database
from shared.wiring.process import make_redis, make_transport
from tests.messaging.outages import count_effect

POISON_FEN = 13


def die_of_poison(uow, event, *, context):
    """A handler with an effect, which one event kills."""
    if event.paid_fen == POISON_FEN:
        os.kill(os.getpid(), signal.SIGKILL)
    count_effect(uow, event, context=context)


def tools_in(folder: Path) -> Tools:
    """What a handler of a tiny service may ask for."""
    keys = KeyRing(folder, purposes=())
    return Tools(
        keys=keys,
        files=FileStore(f"file://{folder}", keys),
        mailer=FileMailer(folder),
        redis=make_redis("memory://dying"),
        public_url="http://127.0.0.1",
    )


async def live(bus: str, queue: str, database: str) -> None:
    transport = make_transport(bus, queue, {queue: (FeePaid.TYPE,)})
    await transport.open()
    await Consumer(
        Database(database), transport, {FeePaid: die_of_poison}, clock=SystemClock(), tools=tools_in(Path(mkdtemp()))
    ).run()


def main(arguments: list[str]) -> None:
    """Lives again and again, until it is ended itself."""
    while True:
        child = os.fork()
        if child == 0:
            asyncio.run(live(*arguments))
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            raise SystemExit("a life ended by itself")


if __name__ == "__main__":
    main(sys.argv[1:])
