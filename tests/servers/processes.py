"""Child processes that cannot outlive their parent, and free loopback ports.

Called by the private instances of rabbitmq, postgres and redis, and by the keeper.
"""

import ctypes
import os
import pwd
import random
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PR_SET_PDEATHSIG = 1
START_SECONDS = 120.0


class DidNotStart(Exception):
    """A server is installed but did not answer; the message carries the end of its log."""


def private_instances_possible() -> bool:
    """Return whether this system can end a child together with its parent (Linux only)."""
    return sys.platform == "linux"


def free_port() -> int:
    """Return an unused loopback port, below the range of ports of outgoing connections."""
    while True:
        port = random.randint(20000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def unprivileged_account(preferred: str) -> str | None:
    """Return the account to run a server as: for root, `preferred` or the default one; otherwise None (no change)."""
    if os.geteuid() != 0:
        return None
    return preferred if any(entry.pw_name == preferred for entry in pwd.getpwall()) else "nobody"


@contextmanager
def data_directory(path: Path, account: str | None) -> Iterator[Path]:
    """Create an empty directory owned by the account; remove it at the end."""
    path.mkdir(mode=0o700)
    if account:
        shutil.chown(path, account)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@dataclass(frozen=True)
class Program:
    """A server that can be started repeatedly over the same data; its output goes to `output.log`."""

    name: str
    command: tuple[str, ...]
    directory: Path
    account: str | None
    environment: Mapping[str, str]
    answers: Callable[[], bool]
    end_signal: signal.Signals = signal.SIGKILL

    @property
    def log(self) -> Path:
        return self.directory / "output.log"


@contextmanager
def answering(program: Program) -> Iterator[None]:
    """Run a server, wait until it answers, and end it by id at the end. Raises DidNotStart."""
    with running(program) as process:
        wait_until_it_answers(program.name, process, program.log, program.answers)
        yield


@contextmanager
def running(program: Program) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server and end it by id at the end."""
    process = spawn(program)
    try:
        yield process
    finally:
        end(process, program.end_signal)


def spawn(program: Program) -> subprocess.Popen[bytes]:
    """Start a server. The kernel sends it its end signal if the calling thread ends, so no server is left over."""
    libc = ctypes.CDLL(None)
    account = program.account
    with program.log.open("ab") as log:
        return subprocess.Popen(
            program.command,
            cwd=program.directory,
            env=dict(program.environment),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            user=account,
            group=pwd.getpwnam(account).pw_gid if account else None,
            extra_groups=[] if account else None,
            start_new_session=True,
            # Runs after the change of user, because a change of user clears the setting.
            preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, int(program.end_signal)),
        )


def end(process: subprocess.Popen[bytes], end_signal: signal.Signals) -> None:
    """End a child; kill it if it has not ended after ten seconds."""
    process.send_signal(end_signal)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_until_it_answers(name: str, process: subprocess.Popen[bytes], log: Path, answers: Callable[[], bool]) -> None:
    """Poll until the server answers. Raises DidNotStart if it has ended or after two minutes."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if answers():
            return
        time.sleep(0.1)
    tail = log.read_text(errors="replace")[-2000:] if log.exists() else "(no output)"
    raise DidNotStart(f"{name} did not start:\n{tail}")


def wait_until_gone(pid: int) -> None:
    """Block until the process has ended, for any reason."""
    if hasattr(os, "pidfd_open"):
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            return
        select.select([descriptor], [], [])
        os.close(descriptor)
        return
    while is_alive(pid):
        time.sleep(0.3)


def is_alive(pid: int) -> bool:
    """Return whether a process with this id exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
