"""A middleware for every request: correlation id, nonce for the page's scripts, security headers."""

import re
import secrets

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette_admin.i18n import get_locale

from shared.foundation.correlation import correlated

_IN_THE_READERS_LANGUAGE = ("text/html", "application/problem+json")
_ID = re.compile(r"^[A-Za-z0-9-]{8,64}$")


class SecurityHeaders:
    """ASGI middleware. Sets `request.state.csp_nonce`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        received_id = dict(scope["headers"]).get(b"x-correlation-id", b"").decode("latin-1")
        nonce = secrets.token_urlsafe(16)
        scope.setdefault("state", {})["csp_nonce"] = nonce
        with correlated(received_id if _ID.match(received_id) else "") as correlation:

            async def send_with_headers(message: Message) -> None:
                if message["type"] == "http.response.start":
                    _add_headers(MutableHeaders(scope=message), nonce, correlation)
                await send(message)

            await self._app(scope, receive, send_with_headers)


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
    if headers.get("Content-Type", "").startswith(_IN_THE_READERS_LANGUAGE):
        headers["Content-Language"] = get_locale()
    headers["X-Correlation-Id"] = correlation
