"""The sandbox as a service's process uses it: hand over the bytes of a file, get back what is in it."""

import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from shared.sandbox import frames

_ANSWER_SECONDS = 90
_START_SECONDS = 60


class SandboxAway(Exception):
    """The sandbox's server, or the virus scanner before it, does not answer. A later attempt may succeed; the file is not to blame."""


class Unreadable(Exception):
    """The sandbox could not open the file; `code` states why, and the caller has the words for it.

    Besides the codes of the reader: too-demanding, for a file that broke the limits of memory or time.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Opened:
    """What a reader returned: a JSON value, and files such as the pictures of pages."""

    value: Any
    files: list[bytes]


class Scanner(Protocol):
    """Knows malware. shared/adapters/virus_scanner.py is one; the sandbox's image has only this package."""

    def check(self, content: bytes) -> None:
        """Raise a refusal for known malware, SandboxAway without a verdict."""


class Sandbox:
    """A connection to the sandbox's server at a Unix socket, or to a child of this process for an empty `path`.

    `scanner`: asked about each file before it is opened.
    """

    def __init__(self, path: str = "", *, scanner: Scanner | None = None) -> None:
        self._path, self._scanner = path, scanner
        self.child: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def open(self, reader: str, content: bytes) -> Opened:
        """Open the bytes with a reader (shared/sandbox/readers). Raises Unreadable, SandboxAway, and what the scanner raises.

        A repeat gives the same answer.
        """
        if self._scanner:
            self._scanner.check(content)
        try:
            value, files = self._ask(reader, content)
        except (frames.Cut, ConnectionError) as error:
            # The process that opened the file was killed, or the whole server is away: an empty request shows which.
            self._ask_for_life()
            raise Unreadable("too-demanding") from error
        if code := value.get("unreadable"):
            raise Unreadable(code)
        return Opened(value, files)

    def _ask_for_life(self) -> None:
        try:
            self._ask("nothing", b"")
        except (frames.Cut, ConnectionError) as error:
            raise SandboxAway(str(error)) from error

    def _ask(self, reader: str, content: bytes) -> tuple[Any, list[bytes]]:
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(_ANSWER_SECONDS)
                connection.connect(self.address())
                frames.send(connection, reader, [content])
                return frames.receive(connection)
        except (TimeoutError, FileNotFoundError, ConnectionRefusedError) as error:
            raise SandboxAway(str(error)) from error

    def address(self) -> str:
        """Return the path of the server's socket; starts the child if it does not run."""
        if self._path:
            return self._path
        with self._lock:
            if self.child is None or self.child.poll() is not None:
                self._start()
        return self._own_path()

    def _own_path(self) -> str:
        return f"{self._folder.name}/socket"

    def _start(self) -> None:
        """Start the child with an empty environment. It ends when this process does, because its input closes."""
        # A short path: a Unix socket's has at most 107 bytes.
        self._folder = tempfile.TemporaryDirectory(prefix="lingjun-")
        self.child = subprocess.Popen(
            [sys.executable, "-m", "shared.sandbox", self._own_path(), "--child"],
            env={},
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            close_fds=True,
        )
        ends = time.monotonic() + _START_SECONDS
        while self.child.poll() is None and time.monotonic() < ends:
            with socket.socket(socket.AF_UNIX) as probe:
                try:
                    probe.connect(self._own_path())
                except OSError:
                    time.sleep(0.02)
                    continue
                frames.send(probe, "nothing", [b""])
                frames.receive(probe)
                return
        raise SandboxAway("the child did not start")
