"""Sends from plain code: a transport with an event loop of its own. Used by jobs and commands, never inside a running loop."""

import asyncio
from collections.abc import Sequence
from types import TracebackType
from uuid import UUID

from shared.messaging.transport import Outgoing, Transport


class SyncPublisher:
    """Open inside `with`; called with a queue and a batch. Raises ConnectionError when the broker is away or lost."""

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
        """As `Transport.send_to`."""
        return self._runner.run(self._transport.send_to(queue, batch))

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._runner.run(self._transport.close())
        finally:
            self._runner.close()
