"""A span and a duration metric for each request, by route template. shared/http/web.py adds it to every app."""

import time
from collections.abc import Mapping
from typing import Any

from fastapi.routing import iter_route_contexts
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.observability import telemetry
from shared.observability.metrics import REQUESTS

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class HttpMetrics:
    """The outermost ASGI middleware. An exception that passes it counts as the 500 that the server responds with.

    Sets `request.state.route_templates`, for logs that must name the route but not the path.
    """

    def __init__(self, app: ASGIApp, service: str) -> None:
        self._app, self._service = app, service
        self._templates: dict[int, str] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._templates is None:
            self._templates = templates_of(scope["app"])
        scope.setdefault("state", {})["route_templates"] = self._templates
        method = scope["method"] if scope["method"] in _METHODS else "_OTHER"
        caller = dict(scope["headers"]).get(b"traceparent", b"").decode("latin-1")
        status, started = 500, time.perf_counter()

        async def send_and_record(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with telemetry.serving(self._service, method, caller) as span:
            try:
                await self._app(scope, receive, send_and_record)
            finally:
                route = route_of(scope, self._templates)
                REQUESTS.labels(self._service, method, route, str(status)).observe(time.perf_counter() - started)
                span.update_name(f"{method} {route}")
                span.set_attributes({"http.route": route, "http.response.status_code": status})


def templates_of(app: Starlette) -> dict[int, str]:
    """Map the identity of each route to its full template. A route of an included router does not contain its
    prefixes."""
    contexts = iter_route_contexts(app.routes)
    return {id(context.original_route): context.path for context in contexts if context.path is not None}


def route_of(scope: Scope, templates: Mapping[int, str]) -> str:
    """Return the template of the matched route, such as `/intake/api/applications/{application_id}`, with the mount
    path for a mounted app; "none" without a match. Never the path, which may contain anything."""
    route: Any = scope.get("route")
    if id(route) in templates:
        return templates[id(route)]
    root: str = scope.get("root_path", "")
    inner = "" if route is None or isinstance(route, Mount) else str(route.path)
    return root + inner or "none"
