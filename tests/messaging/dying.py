"""`python -m tests.messaging.dying BUS QUEUE DATABASE`: a consumer that crashes on one event and is restarted at once.

Each run is a fork, so that a restart costs nothing. test_poison.py starts and kills the program.
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
from shared.sandbox import Sandbox
from shared.wiring.process import make_redis, make_transport
from tests.messaging.outages import count_effect

POISON_FEN = 13


def crash_on_poison(uow, event, *, context):
    """Handle an event with an effect; kill the process on the poison event."""
    if event.paid_fen == POISON_FEN:
        os.kill(os.getpid(), signal.SIGKILL)
    count_effect(uow, event, context=context)


def tools_in(folder: Path) -> Tools:
    """Return the tools of a service without purposes, in `folder`."""
    keys = KeyRing(folder, purposes=())
    return Tools(
        keys=keys,
        files=FileStore(f"file://{folder}", keys),
        mailer=FileMailer(folder),
        redis=make_redis("memory://dying"),
        public_url="http://127.0.0.1",
        sandbox=Sandbox(),
    )


async def consume(bus: str, queue: str, database: str) -> None:
    transport = make_transport(bus, queue, {queue: (FeePaid.TYPE,)})
    await transport.open()
    await Consumer(
        Database(database), transport, {FeePaid: crash_on_poison}, clock=SystemClock(), tools=tools_in(Path(mkdtemp()))
    ).run()


def main(arguments: list[str]) -> None:
    """Fork a consumer again and again, until this process is killed."""
    while True:
        child = os.fork()
        if child == 0:
            asyncio.run(consume(*arguments))
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            raise SystemExit("a consumer exited without being killed")


if __name__ == "__main__":
    main(sys.argv[1:])
