"""A load of HTTP requests from a process of its own, as cheap as Python can: whole requests as prepared bytes over
keep-alive connections, one request in flight on each. `python -m benchmarks.client`, called by load.py."""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Iterator
from typing import cast

import uvloop

from benchmarks.applications import requests


class Connection(asyncio.Protocol):
    """Posts the next request when the last was answered, until the time is over or nothing is left."""

    def __init__(self, waiting: Iterator[bytes], end: float, taken: list[float]) -> None:
        self._waiting, self._end, self._taken = waiting, end, taken
        self._received = b""
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._post()

    def _post(self) -> None:
        request = next(self._waiting, None) if time.monotonic() < self._end else None
        if request is None:
            self._transport.close()
            self.over.set_result(None)
            return
        self._posted = time.monotonic()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found or len(body) < _length(head):
            return
        if not head.startswith(b"HTTP/1.1 201"):
            self._fail(f"{head.decode()}\n\n{body.decode()}")
            return
        self._taken.append(time.monotonic() - self._posted)
        self._received = b""
        self._post()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.over.done():
            self._fail(f"the server closed the connection: {exc}")

    def _fail(self, reason: str) -> None:
        self.over.set_exception(ConnectionError(reason))
        self._transport.close()


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line[15:])
    raise ValueError("an answer without Content-Length")


async def load(port: int, prepared: list[bytes], connections: int, seconds: float) -> dict[str, float]:
    """Posts for `seconds`; how many were answered 201, from when to when (monotonic, seconds), and the delays in ms."""
    waiting, taken, started = iter(prepared), list[float](), time.monotonic()

    async def one() -> None:
        _, protocol = await asyncio.get_running_loop().create_connection(
            lambda: Connection(waiting, started + seconds, taken), "127.0.0.1", port
        )
        await protocol.over

    await asyncio.gather(*(one() for _ in range(connections)))
    ended = time.monotonic()
    taken.sort()
    p50, p99 = (1000 * taken[int(len(taken) * part)] for part in (0.5, 0.99))
    return {"answered": len(taken), "started": started, "ended": ended, "p50": p50, "p99": p99}


def main() -> None:
    """Prints the outcome as JSON."""
    parser = argparse.ArgumentParser()
    for name in ("port", "connections", "first", "most"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--path", required=True)
    parser.add_argument("--key", required=True)
    given = parser.parse_args()
    prepared = list(requests(given.first, given.most, port=given.port, path=given.path, key=given.key))
    outcome = uvloop.run(load(given.port, prepared, given.connections, given.seconds))
    sys.stdout.write(json.dumps(outcome))


if __name__ == "__main__":
    main()
