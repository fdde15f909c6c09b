"""The server: accepts a connection for each file, and forks a confined process that opens it.

A process opens one file only, so what one file left behind never meets the next. The libraries are loaded once, before the
first fork. A process that breaks a limit is killed, and its connection closes without an answer.
"""

import gc
import os
import select
import signal
import socket
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any

from shared.sandbox import confinement, frames
from shared.sandbox.readers import READERS, warm_up

AT_ONCE = 2
"""Files that are open at once; later ones wait. Together they may use twice the memory of one."""
WALL_SECONDS = 40
_MOST_DESCRIPTORS = 4096


def serve(path: Path, *, is_child: bool) -> None:
    """Answer on the Unix socket `path`; a child until standard input closes. Raises RuntimeError if the confinement has
    a hole."""
    warm_up()
    gc.freeze()
    endpoint = socket.socket(socket.AF_UNIX)
    path.unlink(missing_ok=True)
    endpoint.bind(str(path))
    path.chmod(0o660)
    children: dict[int, tuple[socket.socket, float]] = {}
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, _note)
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))
    _check_confinement()
    endpoint.listen(128)
    is_busy, parent = False, sys.stdin.fileno()
    while True:
        waiting = [woken, *([parent] if is_child else ()), *(() if is_busy else (endpoint.fileno(),))]
        ready, _, _ = select.select(waiting, [], [], 1)
        if parent in ready and not os.read(parent, 1024):
            return
        if woken in ready:
            os.read(woken, 1024)
            _reap(children)
        if endpoint.fileno() in ready:
            connection, _ = endpoint.accept()
            children[_fork(connection)] = connection, time.monotonic() + WALL_SECONDS
        _kill_late(children)
        is_busy = len(children) >= AT_ONCE


def _note(_number: int, _frame: FrameType | None) -> None:
    """Do nothing: the signal only wakes `select`."""


def _kill_late(children: dict[int, tuple[socket.socket, float]]) -> None:
    """Kill what is over its time. An alarm of its own could be blocked by a process that a file has taken over."""
    for pid, (_connection, ends) in children.items():
        if time.monotonic() > ends:
            os.kill(pid, signal.SIGKILL)


def _reap(children: dict[int, tuple[socket.socket, float]]) -> None:
    while children:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        if status:
            reason = signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
            sys.stderr.write(f"a process that opened a file ended early: {reason}\n")
        children.pop(pid)[0].close()


def _fork(connection: socket.socket) -> int:
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        confinement.bind_to_parent()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        # The connections of other files above all: this process could read and answer them.
        os.close(sys.stdin.fileno())
        os.closerange(3, connection.fileno())
        os.closerange(connection.fileno() + 1, _MOST_DESCRIPTORS)
        confinement.confine()
        _answer(connection)
        status = 0
    finally:
        os._exit(status)


def _answer(connection: socket.socket) -> None:
    request, blobs = frames.receive(connection)
    value, files = _open(request, blobs)
    frames.send(connection, value, files)


def _open(request: Any, blobs: list[bytes]) -> tuple[Any, list[bytes]]:
    try:
        return READERS[request](blobs[0])
    except MemoryError:
        return {"unreadable": "too-demanding"}, []


def _check_confinement() -> None:
    """Refuse to serve when a confined process can still do something."""
    if not confinement.is_complete():
        sys.stderr.write("this system has no seccomp: files are opened with limits of memory and time only\n")
        return
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            confinement.confine()
            os.write(write, "、".join(confinement.holes()).encode() or b"none")
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        found = pipe.read().decode()
    os.waitpid(pid, 0)
    if found != "none":
        raise RuntimeError(f"the sandbox does not hold; a confined process can: {found or 'not even answer'}")
