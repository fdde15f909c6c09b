"""uvicorn's HTTP protocol with two bounds that uvicorn lacks: the time and the size of a request's head.

Used by serve.py and by the standalone server. shared/http/limits.py bounds the body while a route reads it. The rest of
a body that no route reads must arrive in the same time, for the connection to stay open.
"""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 30.0
MOST_HEAD_BYTES = 64 * 1024


class BoundedProtocol(HttpToolsProtocol):
    """Close a connection if a head that has begun, or the rest of an unread body, does not arrive within HEAD_SECONDS.

    A new connection without a request is closed as an idle one is. A head of more than MOST_HEAD_BYTES gets 400.
    """

    _timer: asyncio.TimerHandle | None = None
    _is_in_head, _head_bytes = False, 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        # A gateway may open a connection before it needs it: it has the same time as an idle one.
        self._start_timer(self.timeout_keep_alive)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._is_in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MOST_HEAD_BYTES and not self.transport.is_closing():
                self.send_400_response("Request head too large.")

    def on_message_begin(self) -> None:
        self._is_in_head, self._head_bytes = True, 0
        self._start_timer(HEAD_SECONDS)
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._is_in_head = False
        self._stop_timer()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._stop_timer()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        if self.cycle.response_complete and self.cycle.more_body:
            self._start_timer(HEAD_SECONDS)
        super().on_response_complete()

    def _start_timer(self, seconds: float) -> None:
        self._stop_timer()
        self._timer = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
