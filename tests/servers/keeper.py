"""Keeper process of one server: the first test that needs the server starts it; it ends with the run's controller.

The fixtures of any worker call `address_of`; `keep` is the main function of the keeper process.
"""

import fcntl
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict
from pathlib import Path

from tests.servers import containers, packages, postgres, rabbitmq, redis
from tests.servers.address import Address
from tests.servers.processes import DidNotStart, private_instances_possible, wait_until_gone

ROOT = Path(__file__).resolve().parents[2]
PRIVATE: dict[str, Callable[[Path], AbstractContextManager[Address]]] = {
    "rabbitmq": rabbitmq.private_instance,
    "postgres": postgres.private_instance,
    "redis": redis.private_instance,
}
PROGRAMS: dict[str, Callable[[], Path | None]] = {
    "rabbitmq": packages.rabbitmq_server,
    "postgres": packages.postgres_server,
    "redis": packages.redis_server,
}


class NotHere(Exception):
    """The machine has neither containers nor the server's program; the message states how to install it."""


def address_of(name: str, run_directory: Path, run_pid: int) -> Address:
    """Return the address of the run's server; start it if no worker has. There is one server per run.

    Raises NotHere if it is not installed, or DidNotStart with the end of the server's log.
    """
    if not containers.images_ready() and not (private_instances_possible() and PROGRAMS[name]()):
        raise NotHere(f"{name} is not installed: python -m tests.servers install (as root on Debian or Ubuntu)")
    answer = run_directory / f"{name}.json"
    with (run_directory / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not answer.exists():
            _start_keeper(name, run_directory, run_pid, answer)
    found = json.loads(answer.read_text())
    if "failure" in found:
        raise DidNotStart(found["failure"])
    return Address(**found)


def _start_keeper(name: str, run_directory: Path, run_pid: int, answer: Path) -> None:
    command = [sys.executable, "-m", "tests.servers", "keep", name, str(run_directory), str(run_pid)]
    log_path = run_directory / f"{name}.log"
    with log_path.open("wb") as log:
        keeper = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    while not answer.exists():
        if keeper.poll() is not None and not answer.exists():
            raise DidNotStart(f"The keeper of {name} ended early:\n{log_path.read_text()[-2000:]}")
        time.sleep(0.05)


def keep(name: str, run_directory: Path, run_pid: int) -> None:
    """Start the server, write its address beside the lock, and hold it until the run's process ends."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    answer = run_directory / f"{name}.json"
    try:
        with server(name) as address:
            _write(answer, asdict(address))
            wait_until_gone(run_pid)
    except DidNotStart as failure:
        _write(answer, {"failure": str(failure)})


@contextmanager
def server(name: str) -> Iterator[Address]:
    """Yield a server, as a container if the images are ready, else as a private instance; remove it at the end."""
    if containers.images_ready():
        with containers.container(name) as address:
            yield address
        return
    with PRIVATE[name](private_directory(name)) as address:
        yield address


def private_directory(name: str) -> Path:
    """Return the directory of a private instance. The servers' accounts cannot enter pytest's folders."""
    return Path(tempfile.gettempdir()) / f"lingjun-{name}-{os.getpid()}"


def _write(path: Path, content: dict[str, object]) -> None:
    partial = path.with_suffix(".part")
    partial.write_text(json.dumps(content))
    partial.rename(path)
