"""What every request is seen by: a span and a duration, by route template. Put around every app by shared/web.py."""

import time
from typing import Any

from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import telemetry
from shared.metrics import REQUESTS

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Observed:
    """ASGI middleware, the outermost; an exception that passes it is the 500 that the server answers."""

    def __init__(self, app: ASGIApp, service: str) -> None:
        self._app, self._service = app, service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        method = scope["method"] if scope["method"] in _METHODS else "_OTHER"
        caller = dict(scope["headers"]).get(b"traceparent", b"").decode("latin-1")
        status, begun = 500, time.perf_counter()

        async def send_and_see(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with telemetry.serving(self._service, method, caller) as span:
            try:
                await self._app(scope, receive, send_and_see)
            finally:
                route = route_of(scope)
                REQUESTS.labels(self._service, method, route, str(status)).observe(time.perf_counter() - begun)
                span.update_name(f"{method} {route}")
                span.set_attributes({"http.route": route, "http.response.status_code": status})


def route_of(scope: Scope) -> str:
    """The template of the route that answered, as `/intake/api/applications/{id}`; never the path, which may name anything."""
    route: Any = scope.get("route")
    if route is None:
        return "none"
    root: str = scope.get("root_path", "")
    return root if isinstance(route, Mount) else root + str(route.path)
