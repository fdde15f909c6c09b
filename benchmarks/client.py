"""HTTP load client in a separate process: prepared bytes over keep-alive connections, one request in flight on each.

`python -m benchmarks.client`, called by load.py.
"""

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
    """Send the next request after each response, until the time is over or no request is left."""

    def __init__(self, waiting: Iterator[bytes], end: float, delays: list[float]) -> None:
        self._waiting, self._end, self._delays = waiting, end, delays
        self._received = b""
        self.finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._post()

    def _post(self) -> None:
        request = next(self._waiting, None) if time.monotonic() < self._end else None
        if request is None:
            self._transport.close()
            self.finished.set_result(None)
            return
        self._sent_at = time.monotonic()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found or len(body) < _length(head):
            return
        if not head.startswith(b"HTTP/1.1 201"):
            self._fail(f"{head.decode()}\n\n{body.decode()}")
            return
        self._delays.append(time.monotonic() - self._sent_at)
        self._received = b""
        self._post()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.finished.done():
            self._fail(f"the server closed the connection: {exc}")

    def _fail(self, reason: str) -> None:
        self.finished.set_exception(ConnectionError(reason))
        self._transport.close()


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line[15:])
    raise ValueError("a response without Content-Length")


async def load(port: int, prepared: list[bytes], connections: int, seconds: float) -> dict[str, float]:
    """Post for `seconds`; return the number of 201 responses, start and end (monotonic, seconds) and delays in ms."""
    waiting, delays, started = iter(prepared), list[float](), time.monotonic()

    async def run_connection() -> None:
        _, protocol = await asyncio.get_running_loop().create_connection(
            lambda: Connection(waiting, started + seconds, delays), "127.0.0.1", port
        )
        await protocol.finished

    await asyncio.gather(*(run_connection() for _ in range(connections)))
    ended = time.monotonic()
    delays.sort()
    p50, p99 = (1000 * delays[int(len(delays) * part)] for part in (0.5, 0.99))
    return {"answered": len(delays), "started": started, "ended": ended, "p50": p50, "p99": p99}


def main() -> None:
    """Run the load and print the outcome as JSON."""
    parser = argparse.ArgumentParser()
    for name in ("port", "connections", "first", "most"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--path", required=True)
    parser.add_argument("--key", required=True)
    options = parser.parse_args()
    prepared = list(requests(options.first, options.most, port=options.port, path=options.path, key=options.key))
    outcome = uvloop.run(load(options.port, prepared, options.connections, options.seconds))
    sys.stdout.write(json.dumps(outcome))


if __name__ == "__main__":
    main()
