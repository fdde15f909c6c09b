"""What every request is seen by: a span and a duration, by route template. Put around every app by shared/http/web.py."""

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
    """ASGI middleware, the outermost; an exception that passes it is the 500 that the server answers.

    Sets `request.state.route_templates`, for whoever must say which route answered and may not say the path.
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
                route = route_of(scope, self._templates)
                REQUESTS.labels(self._service, method, route, str(status)).observe(time.perf_counter() - begun)
                span.update_name(f"{method} {route}")
                span.set_attributes({"http.route": route, "http.response.status_code": status})


def templates_of(app: Starlette) -> dict[int, str]:
    """The whole template of each of the app's own routes, by its identity: a route of a router that was included does not
    know the prefixes around it."""
    return {id(one.original_route): one.path for one in iter_route_contexts(app.routes) if one.path is not None}


def route_of(scope: Scope, templates: Mapping[int, str]) -> str:
    """The template of the route that answered, as `/intake/api/applications/{application_id}`; of one in a mounted app, with
    where that is mounted; "none" where none did. Never the path, which may name anything."""
    route: Any = scope.get("route")
    if id(route) in templates:
        return templates[id(route)]
    root: str = scope.get("root_path", "")
    inner = "" if route is None or isinstance(route, Mount) else str(route.path)
    return root + inner or "none"
