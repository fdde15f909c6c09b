"""What every request passes first: a correlation id, a size limit, a nonce for the page's scripts, and the security headers."""

import re
import secrets
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.correlation import correlated

LARGEST_BODY = 12 * 1024 * 1024
_ID = re.compile(r"^[A-Za-z0-9-]{8,64}$")


class Edge:
    """ASGI middleware; sets `request.state.csp_nonce` and answers 413 to a body over LARGEST_BODY bytes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        given = headers.get(b"x-correlation-id", b"").decode("latin-1")
        nonce = secrets.token_urlsafe(16)
        scope.setdefault("state", {})["csp_nonce"] = nonce
        with correlated(given if _ID.match(given) else "") as correlation:

            async def send_with_headers(message: Message) -> None:
                if message["type"] == "http.response.start":
                    _add_headers(MutableHeaders(scope=message), nonce, correlation)
                await send(message)

            length = headers.get(b"content-length", b"0")
            if not length.isdigit() or int(length) > LARGEST_BODY:
                await _too_large(scope, receive, send_with_headers)
                return
            await self._app(scope, _limited(receive), send_with_headers)


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


def _limited(receive: Receive) -> Receive:
    seen = 0

    async def receive_some() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > LARGEST_BODY:
            return {"type": "http.disconnect"}
        return message

    return receive_some


async def _too_large(scope: Scope, receive: Receive, send: Any) -> None:
    problem = {
        "type": "urn:lingjun:problem:too-large",
        "title": "Content Too Large",
        "status": 413,
        "code": "too-large",
        "detail": "上传内容超过 12 MB 的上限。请压缩扫描件(每份不超过 10 MB)后重新上传。",
    }
    answer = JSONResponse(problem, status_code=413, media_type="application/problem+json")
    await answer(scope, receive, send)
