"""Publish from synchronous code: a transport with its own event loop. Used by jobs and commands, not inside a running
loop."""

import asyncio
from collections.abc import Sequence
from types import TracebackType
from uuid import UUID

from shared.messaging.transport import Outgoing, Transport


class SyncPublisher:
    """Use as a context manager, and call with a queue and a batch. Raises ConnectionError when the broker is
    unreachable."""

    def __init__(self, transport: Transport) -> None:
        self._transport, self._runner = transport, asyncio.Runner()

    def __enter__(self) -> "SyncPublisher":
        try:
            self._runner.run(self._transport.open())
        except BaseException:
            self._runner.close()
            raise
        return self

    def __call__(self, queue: str, batch: Sequence[Outgoing]) -> dict[UUID, str]:
        """See `Transport.send_to`."""
        return self._runner.run(self._transport.send_to(queue, batch))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._runner.run(self._transport.close())
        finally:
            self._runner.close()
