"""The gate before the routes of every app: who sends the request, how often, and how large its body may be, before a byte
is read.

shared/http/web.py puts it inside the exception handlers, so that it may raise refusals as routes do.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.foundation.correlation import current_correlation_id
from shared.http import limits
from shared.http.auth import COOKIE, Credential, csrf_token, read_token
from shared.http.csrf import refuse_forged
from shared.http.rates import Rates
from shared.wiring.process import Process
from shared.wiring.registry import SERVICES


@dataclass(frozen=True)
class Rule:
    """What the gate demands of one route: the credentials to check, and the largest body in bytes."""

    pattern: re.Pattern[str]
    methods: frozenset[str]
    route: BaseRoute
    credentials: tuple[Credential[Any], ...]
    limit: int


class Gate:
    """ASGI middleware. Sets `request.state.session_token`, `csrf_token`, `address`, `sender`, `actor` and `correlation_id`.

    Raises the refusals of shared/http/csrf.py and of the route's credentials, or in their place that of
    shared/http/rates.py; then those of shared/http/limits.py.
    """

    def __init__(self, app: ASGIApp, process: Process) -> None:
        self._app, self._process = app, process
        self._rules: tuple[Rule, ...] = ()
        self._rates = Rates(process.settings)
        prefix = SERVICES[process.service].prefix
        self._health = {f"{prefix}/healthz", f"{prefix}/readyz"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        self._read_session(request)
        rule = self._rule_of(scope)
        # Another site's request does not count: it is not the sender's own.
        refuse_forged(request)
        if scope["path"] in self._health:
            await self._app(scope, receive, send)
            return
        route = rule.pattern.pattern if rule else ""
        self._rates.refuse_waiting(request, route)
        try:
            for credential in rule.credentials if rule else ():
                await credential(request)
        finally:
            # Only the credentials show whether a key is known. A refused request counts too.
            await self._rates.count(request, route)
        body = limits.Body(request.headers, receive, rule.limit if rule else limits.JSON)
        await self._app(scope, body.receive, send)

    def _read_session(self, request: Request) -> None:
        compact = request.cookies.get(COOKIE, "")
        token = read_token(compact, self._process.settings.token_public_key_file) if compact else None
        request.state.session_token = token
        request.state.csrf_token = csrf_token(token.sid) if token else ""
        request.state.sender = token.sid if token and not token.is_expired else None
        # The gateway adds the last address of X-Forwarded-For; the others are the client's word.
        forwarded = (
            ",".join(request.headers.getlist("x-forwarded-for")) if self._process.settings.behind_gateway else ""
        )
        request.state.address = forwarded.rpartition(",")[2].strip() or (
            request.client.host if request.client else "unknown"
        )
        request.state.actor, request.state.correlation_id = None, current_correlation_id()
        request.state.credentials = {}

    def _rule_of(self, scope: Scope) -> Rule | None:
        """Return the rule of the route that will serve this request. Names the route and its parameters in `scope`."""
        if not self._rules:
            self._rules = tuple(rules_of(scope["app"].routes))
        for rule in self._rules:
            if (match := rule.pattern.match(scope["path"])) and (not rule.methods or scope["method"] in rule.methods):
                if isinstance(rule.route, APIRoute):
                    scope["route"], scope["path_params"] = rule.route, match.groupdict()
                return rule
        return None


def rules_of(routes: list[BaseRoute]) -> Iterator[Rule]:
    """Yield the rule of each route, in the order in which the routes are tried."""
    for context in iter_route_contexts(routes):
        yield Rule(
            context.path_regex,
            frozenset(context.methods or ()) if isinstance(context.original_route, APIRoute) else frozenset(),
            context.original_route,
            tuple(_credentials(context.dependant)) if isinstance(context.original_route, APIRoute) else (),
            _limit(context),
        )


def _limit(context: RouteContext) -> int:
    declared: int | None = getattr(context, "max_body_size", None)
    return declared or (limits.JSON if "/api/" in (context.path or "") else limits.FORM)


def _credentials(dependant: Dependant) -> Iterator[Credential[Any]]:
    for dependency in dependant.dependencies:
        if isinstance(dependency.call, Credential):
            yield dependency.call
        yield from _credentials(dependency)
