"""A middleware for every request: correlation id, size limit, nonce for the page's scripts, security headers."""

import re
import secrets
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.foundation.correlation import correlated
from shared.foundation.language import t

LARGEST_BODY = 12 * 1024 * 1024
_ID = re.compile(r"^[A-Za-z0-9-]{8,64}$")


class SecurityHeaders:
    """ASGI middleware. Sets `request.state.csp_nonce`, and responds 413 to a body of more than LARGEST_BODY bytes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        received_id = headers.get(b"x-correlation-id", b"").decode("latin-1")
        nonce = secrets.token_urlsafe(16)
        scope.setdefault("state", {})["csp_nonce"] = nonce
        with correlated(received_id if _ID.match(received_id) else "") as correlation:

            async def send_with_headers(message: Message) -> None:
                if message["type"] == "http.response.start":
                    _add_headers(MutableHeaders(scope=message), nonce, correlation)
                await send(message)

            length = headers.get(b"content-length", b"0")
            if not length.isdigit() or int(length) > LARGEST_BODY:
                await _too_large(scope, receive, send_with_headers)
                return
            await _call_limited(self._app, scope, _Body(receive), send_with_headers)


class _Body:
    """A body without a declared length: counts its bytes and disconnects above the limit."""

    def __init__(self, receive: Receive) -> None:
        self._receive, self._received = receive, 0

    @property
    def is_too_large(self) -> bool:
        """Whether the body exceeds the limit."""
        return self._received > LARGEST_BODY

    async def receive(self) -> Message:
        """Return the next part; above the limit, a disconnect."""
        message = await self._receive()
        self._received += len(message.get("body", b""))
        return {"type": "http.disconnect"} if self.is_too_large else message


async def _call_limited(app: ASGIApp, scope: Scope, body: _Body, send: Send) -> None:
    """Call the app. Once the body exceeds the limit, drop the app's response and respond 413 instead."""
    started = False

    async def send_unless_too_large(message: Message) -> None:
        nonlocal started
        if started or not body.is_too_large:
            started = True
            await send(message)

    try:
        await app(scope, body.receive, send_unless_too_large)
    except Exception:
        if started or not body.is_too_large:
            raise
    if not started and body.is_too_large:
        await _too_large(scope, body.receive, send)


def _add_headers(headers: MutableHeaders, nonce: str, correlation: str) -> None:
    headers.setdefault(
        "Content-Security-Policy",
        f"default-src 'self'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self' data:; object-src 'none'; base-uri 'self'; "
        "form-action 'self'; frame-ancestors 'none'",
    )
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Cache-Control", "no-store")
    headers["X-Correlation-Id"] = correlation


async def _too_large(scope: Scope, receive: Receive, send: Any) -> None:
    problem = {
        "type": "urn:lingjun:problem:too-large",
        "title": "Content Too Large",
        "status": 413,
        "code": "too-large",
        "detail": t("上传内容超过 12 MB 的上限。请压缩扫描件(每份不超过 10 MB)后重新上传。"),
    }
    response = JSONResponse(problem, status_code=413, media_type="application/problem+json")
    await response(scope, receive, send)
