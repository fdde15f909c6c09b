"""The FastAPI app of every service: dependencies, refusals as problem+json (RFC 9457), middleware, health endpoints.

Used by each service's web.py. Only this module maps refusals to status codes. Paths contain the service prefix
(`/intake/api/…`), so that the gateway and the standalone server forward them unchanged.
"""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

import structlog
from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from obstore.exceptions import BaseError as FilesUnavailable
from redis.exceptions import ConnectionError as RedisUnavailable
from redis.exceptions import OutOfMemoryError, ReadOnlyError, RedisError
from redis.exceptions import TimeoutError as RedisTooSlow
from sqlalchemy.exc import DataError, OperationalError
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette_admin.i18n import LocaleMiddleware

from shared.context import Tools
from shared.foundation.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    NotSignedIn,
    Refusal,
)
from shared.foundation.language import LANGUAGES
from shared.foundation.validation import invalid_body
from shared.http.conditional import unless_known
from shared.http.csrf import check_form_token
from shared.http.gate import Gate
from shared.http.http_metrics import HttpMetrics, route_of
from shared.http.limits import BodyRefused
from shared.http.methods import Methods
from shared.http.openapi import document
from shared.http.problems import problem_of
from shared.http.rates import TooManyRequests
from shared.http.security_headers import SecurityHeaders
from shared.persistence.away import RecentProbe
from shared.persistence.unit_of_work import UnitOfWork
from shared.sandbox import SandboxAway
from shared.wiring.process import Process
from shared.wiring.registry import SERVICES

STATUS: dict[type[Refusal], HTTPStatus] = {
    NotFound: HTTPStatus.NOT_FOUND,
    NotSignedIn: HTTPStatus.UNAUTHORIZED,
    Forbidden: HTTPStatus.FORBIDDEN,
    Conflict: HTTPStatus.CONFLICT,
    Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    TooManyRequests: HTTPStatus.TOO_MANY_REQUESTS,
}
_RETRY_AFTER_SECONDS = 2
_PROBE_SECONDS = 60
# The client has no class for these answers of a Redis that takes no write.
_REDIS_REFUSALS = ("MISCONF", "NOREPLICAS", "MASTERDOWN")
_HTTP_REFUSALS = {
    404: Refusal("没有这个页面或接口。", code="no-such-page"),
    405: Refusal("这个地址不支持该操作。", code="method-not-allowed"),
}
UNKNOWN_REQUEST = Refusal("请求无法处理。", code="bad-request")
RefusalPage = Callable[[Request, int, Refusal], Response]
_log = structlog.get_logger()


def make_app(process: Process, *, refusal_page: RefusalPage | None = None) -> FastAPI:
    """Return a service's app without its own routes. `refusal_page` renders refusals for people; paths under /api/ get
    JSON."""
    prefix = SERVICES[process.service].prefix
    app = FastAPI(
        title=f"领军 · {SERVICES[process.service].title}",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(check_form_token)],
        generate_unique_id_function=lambda route: route.name,
        # The framework's own spans and logs contain addresses and messages, which may be personal data.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.state.process = process
    app.state.probe = RecentProbe(process.database)
    app.state.refusal_page = refusal_page
    # Inside the exception handlers, where `add_middleware` would not put it.
    app.router.middleware_stack = Gate(app.router.middleware_stack, process)
    app.add_middleware(_Failures)
    app.add_middleware(Methods)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(LocaleMiddleware, i18n_config=LANGUAGES)
    app.add_middleware(HttpMetrics, service=process.service)
    if process.settings.public_url.startswith("https:"):
        app.add_middleware(_HttpsScheme)
    app.add_exception_handler(Refusal, _on_refusal)
    app.add_exception_handler(RequestValidationError, _on_invalid_body)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(DataError, _on_unknown_to_sql)
    app.add_exception_handler(OperationalError, _on_server_unavailable)
    app.add_exception_handler(RedisError, _on_redis_error)
    app.add_exception_handler(FilesUnavailable, _on_server_unavailable)
    app.add_exception_handler(SandboxAway, _on_server_unavailable)
    app.add_api_route(f"{prefix}/api/openapi.json", _openapi_document, include_in_schema=False)
    app.add_api_route(f"{prefix}/healthz", _healthz, include_in_schema=False)
    app.add_api_route(f"{prefix}/readyz", _readyz, include_in_schema=False)
    return app


class _Failures:
    """Answers an unexpected exception with 500 and lets the connection live. Raised further, it would end the connection
    behind the response, and lose the next request on it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_started = False

        async def send_and_note(message: Message) -> None:
            nonlocal has_started
            has_started = True
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        except Exception as error:
            if has_started:
                raise
            response = await run_in_threadpool(_on_failure, Request(scope, receive), error)
            await response(scope, receive, send)


class _HttpsScheme:
    """Sets the scheme to https: a gateway that terminates TLS forwards by http, but the URLs in pages must use
    https."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app({**scope, "scheme": "https"} if scope["type"] == "http" else scope, receive, send)


def process_of(request: Request) -> Process:
    """Return the process that handles this request."""
    process: Process = request.app.state.process
    return process


def open_unit_of_work(request: Request) -> Iterator[UnitOfWork]:
    """Yield the unit of work of this request. It commits before the response is sent."""
    with process_of(request).database.transaction() as uow:
        yield uow


def open_reader(request: Request) -> Iterator[Session]:
    """Yield a read-only session of this request."""
    with process_of(request).database.reader() as session:
        yield session


def business_now(request: Request) -> datetime:
    """Return the business time, UTC."""
    return process_of(request).clock.now()


def tools_of(request: Request) -> Tools:
    """Return the adapters of this process."""
    return process_of(request).tools


Uow = Annotated[UnitOfWork, Depends(open_unit_of_work, scope="function")]
ReadingSession = Annotated[Session, Depends(open_reader, scope="function")]
Now = Annotated[datetime, Depends(business_now)]
WithTools = Annotated[Tools, Depends(tools_of)]


def refuse(request: Request, refusal: Refusal, *, status: int | None = None) -> Response:
    """Return the response to a refusal: problem+json for programs and for forms of pages, else a page for people."""
    code = status or _status(refusal)
    page: RefusalPage | None = request.app.state.refusal_page
    if page and "/api/" not in request.url.path and "json" not in request.headers.get("accept", ""):
        response = page(request, code, refusal)
    else:
        problem = problem_of(request, refusal, code)
        response = JSONResponse(problem, status_code=code, media_type="application/problem+json")
    if code == HTTPStatus.REQUEST_TIMEOUT:
        response.headers["Connection"] = "close"
    if isinstance(refusal, TooManyRequests):
        response.headers.update(refusal.headers)
    if isinstance(refusal, NotSignedIn):
        response.headers["WWW-Authenticate"] = f'{refusal.scheme} realm="lingjun"'
    return response


def _status(refusal: Refusal) -> int:
    if isinstance(refusal, BodyRefused):
        return refusal.status_code
    return next(number for kind, number in STATUS.items() if isinstance(refusal, kind))


def _route(request: Request) -> str:
    """Return the route template for the log: a path may contain the secret of a one-time link that is still valid."""
    return route_of(request.scope, request.state.route_templates)


def _on_refusal(request: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, Refusal)
    _log.info("refused", code=refusal.code, route=_route(request))
    return refuse(request, refusal)


def _on_invalid_body(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return refuse(request, invalid_body(error.errors()))


def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return refuse(request, _HTTP_REFUSALS.get(error.status_code, UNKNOWN_REQUEST), status=error.status_code)


def _on_unknown_to_sql(request: Request, error: Exception) -> Response:
    """PostgreSQL cannot represent a value of a row or a query: U+0000 in a text, a number beyond its column's range."""
    assert isinstance(error, DataError)
    _log.warning("unknown_to_sql", route=_route(request), reason=type(error.orig).__name__)
    message = "提交的内容含有不能保存的字符或过大的数字,请更正后再试。"
    return refuse(request, Invalid(message, code="unknown-to-sql"))


def _on_server_unavailable(request: Request, error: Exception) -> Response:
    """PostgreSQL, Redis or the file store is unreachable, read-only or full. The outcome is unknown: the connection
    may have dropped after COMMIT."""
    _log.error("server_away", route=_route(request), reason=f"{type(error).__name__}: {error}".splitlines()[0])
    refusal = Refusal("系统正在恢复,请稍后再试。请先查看刚才的操作是否已经生效。", code="away")
    response = refuse(request, refusal, status=HTTPStatus.SERVICE_UNAVAILABLE)
    response.headers["Retry-After"] = str(_RETRY_AFTER_SECONDS)
    return response


def _on_redis_error(request: Request, error: Exception) -> Response:
    """Redis is unreachable, a replica, full, or cannot save what it accepts; any other error is a fault of the code."""
    is_away = isinstance(error, RedisUnavailable | RedisTooSlow | ReadOnlyError | OutOfMemoryError)
    if is_away or str(error).startswith(_REDIS_REFUSALS):
        return _on_server_unavailable(request, error)
    return _on_failure(request, error)


def _on_failure(request: Request, error: Exception) -> Response:
    _log.error("request_failed", route=_route(request), exc_info=error)
    refusal = Refusal(
        "系统出了差错,您的操作没有生效。请稍后再试;如仍不成功,请把页面上的编号告诉管理员。", code="failure"
    )
    return refuse(request, refusal, status=500)


def _openapi_document(request: Request) -> Response:
    return unless_known(request, json.dumps(document(request.app), ensure_ascii=False).encode())


def _healthz() -> dict[str, str]:
    return {"status": "ok"}


def _readyz(request: Request) -> Response:
    process = process_of(request)
    checks: dict[str, Callable[[], object]] = {
        "database": request.app.state.probe,
        "redis": lambda: process.tools.redis.set("lingjun:probe", "", ex=_PROBE_SECONDS),
        "files": process.tools.files.check_free_space,
    }
    failures = {}
    for name, check in checks.items():
        try:
            check()
        except Exception as error:
            failures[name] = type(error).__name__
            _log.error("not_ready", server=name, reason=f"{type(error).__name__}: {error}".splitlines()[0])
    status = HTTPStatus.SERVICE_UNAVAILABLE if failures else HTTPStatus.OK
    return JSONResponse({"status": "waiting" if failures else "ready", "faults": failures}, status_code=status)
