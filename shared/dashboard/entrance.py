"""Middleware of the lists: checks access and sends the notices of their actions. Added by frame.py."""

from collections.abc import Callable
from typing import Any

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.dashboard.notices import send_notices
from shared.foundation.errors import Refusal
from shared.http.auth import SAFE_METHODS, current_user, refuse_access
from shared.http.csrf import checked_body
from shared.http.web import refuse


class AccessMiddleware:
    """ASGI middleware: only users with the dashboard's roles, and auditors, may open the lists."""

    def __init__(self, app: ASGIApp, roles: tuple[str, ...]) -> None:
        self._app, self._roles = app, roles

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            await run_in_threadpool(self._check_access, request)
            if request.method not in SAFE_METHODS:
                receive = await checked_body(request)
        except Refusal as refusal:
            response = await run_in_threadpool(refuse, request, refusal)
            await response(scope, receive, send)
            return
        await self._app(scope, receive, _sending_notices(request, send))

    def _check_access(self, request: Request) -> None:
        actor = current_user(request)
        if not actor.may(*self._roles, "auditor"):
            refuse_access(request, actor)


def _sending_notices(request: Request, send: Send) -> Callable[[Message], Any]:
    async def send_with_notices(message: Message) -> None:
        if message["type"] == "http.response.start":
            carrier = Response()
            send_notices(request, carrier)
            message["headers"] = [*message["headers"], *(h for h in carrier.raw_headers if h[0] == b"set-cookie")]
        await send(message)

    return send_with_notices
