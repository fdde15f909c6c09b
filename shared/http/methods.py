"""A middleware for the methods that every resource has: HEAD, OPTIONS, and Allow with a refused one (RFC 9110, 9.3 and 10.2.1).

Used by web.py.
"""

from collections.abc import Iterable, Iterator

from fastapi.routing import iter_route_contexts
from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Methods:
    """ASGI middleware. HEAD is GET without its content: the same checks, status and headers. OPTIONS names the methods of a
    known path in Allow, as does every 405."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_head = scope["method"] == "HEAD"
        if scope["method"] == "OPTIONS" and (allowed := allow(scope)):
            await Response(status_code=204, headers={"Allow": allowed})(scope, receive, send)
            return

        async def send_by_method(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 405:
                MutableHeaders(scope=message)["Allow"] = allow(scope)
            if message["type"] == "http.response.body" and is_head:
                message = {**message, "body": b""}
            await send(message)

        await self._app({**scope, "method": "GET"} if is_head else scope, receive, send_by_method)


def allow(scope: Scope) -> str:
    """Return the value of Allow for a path: "GET, HEAD, OPTIONS"; empty for an unknown path."""
    methods = set(_methods(scope["app"].routes, scope))
    if not methods:
        return ""
    return ", ".join(sorted(methods | {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set())))


def _methods(routes: Iterable[BaseRoute], scope: Scope) -> Iterator[str]:
    for context in iter_route_contexts(list(routes)):
        route = context.original_route
        if isinstance(route, Mount):
            match, child = route.matches(scope)
            if match is not Match.NONE:
                yield from _methods(route.routes, {**scope, **child}) if route.routes else ("GET",)
        elif context.path_regex.match(scope["path"]) or route.matches(scope)[0] is not Match.NONE:
            yield from context.methods or ()
