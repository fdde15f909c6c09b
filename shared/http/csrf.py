"""CSRF protection. shared/http/web.py adds it to every app, so that no page can omit it."""

import hmac
from collections.abc import Callable

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.foundation.correlation import current_correlation_id
from shared.foundation.errors import Forbidden, Refusal
from shared.http.auth import COOKIE, SAFE_METHODS, csrf_token, read_token
from shared.wiring.process import Process

# The dashboards' script library uses its own names for the same token.
_HEADERS = ("x-csrf-token", "x-csrftoken")
_FIELDS = ("csrf_token", "csrftoken")
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class CsrfMiddleware:
    """ASGI middleware: reads the session and rejects forged requests.

    Sets `request.state.session_token` and `request.state.csrf_token`. A request with a session and an unsafe method
    must carry the session's CSRF token, as a header or a form field. Cross-site requests of browsers are rejected in
    any case.
    """

    def __init__(self, app: ASGIApp, process: Process, refuse: Callable[[Request, Refusal], Response]) -> None:
        self._app, self._process, self._refuse = app, process, refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        compact = request.cookies.get(COOKIE, "")
        token = read_token(compact, self._process.settings.token_public_key_file) if compact else None
        request.state.session_token = token
        request.state.csrf_token = csrf_token(token.sid) if token else ""
        request.state.actor, request.state.correlation_id = None, current_correlation_id()
        if request.method not in SAFE_METHODS:
            receive, submitted = await self._submitted_token(request, receive) if token else (receive, "")
            if self._is_forged(request, submitted):
                refusal = Forbidden("页面已失效，操作没有生效。请刷新页面后再试。", code="csrf")
                response = await run_in_threadpool(self._refuse, request, refusal)
                await response(scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _submitted_token(self, request: Request, receive: Receive) -> tuple[Receive, str]:
        if header := next((request.headers[name] for name in _HEADERS if name in request.headers), ""):
            return receive, header
        if not request.headers.get("content-type", "").startswith(_FORMS):
            return receive, ""
        body = await request.body()
        try:
            async with Request(request.scope, _replay(body, receive)).form() as form:
                submitted = next((str(form[name]) for name in _FIELDS if name in form), "")
        except HTTPException:
            submitted = ""
        return _replay(body, receive), submitted

    def _is_forged(self, request: Request, submitted: str) -> bool:
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return True
        expected: str = request.state.csrf_token
        return bool(expected) and not hmac.compare_digest(submitted.encode(), expected.encode())


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that yields the body again, then the further messages of the connection."""
    sent = False

    async def replay() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
