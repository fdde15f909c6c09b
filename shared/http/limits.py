"""The limits of request bodies: size by kind of route, and the time in which a body must arrive. Used by gate.py.

A route's limit is that of its kind: JSON below /api/, else FORM. The other rows of the table are named at the route's
declaration, as `max_body_size=SCAN`.
"""

import asyncio
from collections.abc import Mapping
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive

from shared.foundation.errors import Refusal

_KILOBYTE, _MEGABYTE = 1024, 1024 * 1024
# Forms that anybody may send: sign-in and one-time links.
OPEN_FORM = 16 * _KILOBYTE
JSON = 256 * _KILOBYTE
FORM = 2 * _MEGABYTE
SCAN = 10 * _MEGABYTE
BANK_FILE = 50 * _MEGABYTE

BODY_SECONDS = 30.0
# Each part that arrives extends the deadline, so that a large file may take longer and a trickle may not.
SLOWEST_BYTES_PER_SECOND = 256 * _KILOBYTE
_MOST_DIGITS = 12


class BodyRefused(Refusal, HTTPException):
    """The body is not read. It is an HTTPException too: while FastAPI reads a body, it passes no other error on."""

    def __init__(self, status: HTTPStatus, message: str, *, code: str, values: Mapping[str, object]) -> None:
        Refusal.__init__(self, message, code=code, values=values)
        HTTPException.__init__(self, status, message)


class BodyTooLarge(BodyRefused):
    """The body has more than `limit` bytes."""

    def __init__(self, limit: int) -> None:
        size = f"{limit // _MEGABYTE} MB" if limit >= _MEGABYTE else f"{limit // _KILOBYTE} KB"
        message = "提交的内容超过 {limit} 的上限。请缩小文件或分次提交。"
        super().__init__(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, message, code="too-large", values={"limit": size})


class BodyTooSlow(BodyRefused):
    """The body did not arrive in time. The connection is closed."""

    def __init__(self) -> None:
        message = "内容没有在规定时间内传完。请检查网络后重新提交。"
        super().__init__(HTTPStatus.REQUEST_TIMEOUT, message, code="too-slow", values={})


class Body:
    """The body of a request, read through its limits. Raises BodyTooLarge for a declared length above `limit`."""

    def __init__(self, headers: Headers, receive: Receive, limit: int) -> None:
        length = headers.get("content-length", "0")
        if not length.isdigit() or len(length) > _MOST_DIGITS or int(length) > limit:
            raise BodyTooLarge(limit)
        self._receive, self._limit = receive, limit
        self._received, self._is_complete = 0, False
        self._starts_at: float | None = None

    async def receive(self) -> Message:
        """Return the next part. Raises BodyTooLarge above the limit and BodyTooSlow after the deadline."""
        if self._is_complete:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._deadline()):
                message = await self._receive()
        except TimeoutError as error:
            raise BodyTooSlow from error
        self._received += len(message.get("body", b""))
        if self._received > self._limit:
            raise BodyTooLarge(self._limit)
        self._is_complete = not message.get("more_body", False)
        return message

    def _deadline(self) -> float:
        if self._starts_at is None:
            self._starts_at = asyncio.get_running_loop().time()
        return self._starts_at + BODY_SECONDS + self._received / SLOWEST_BYTES_PER_SECOND
