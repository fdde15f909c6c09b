"""CSRF protection. gate.py checks every request before its body is read, web.py every form, so that no page can omit
it."""

import hmac

from fastapi import Request
from starlette.types import Message, Receive

from shared.foundation.errors import Forbidden
from shared.http.auth import SAFE_METHODS, unmasked

# The dashboards' script library uses its own names for the same token.
_HEADERS = ("x-csrf-token", "x-csrftoken")
_FIELDS = ("csrf_token", "csrftoken")
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def refuse_forged(request: Request) -> None:
    """Raise Forbidden for a cross-site request of a browser, and for a request with a session and a wrong token.

    A request with a session and an unsafe method must carry the session's CSRF token, as a header or a form field.
    """
    if request.method in SAFE_METHODS:
        return
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise _forged()
    if request.state.csrf_token and not _is_form_with_token(request):
        _check(request, _header(request))


async def check_form_token(request: Request) -> None:
    """Raise Forbidden for a form with a session and a wrong token. A dependency of every route."""
    if request.method not in SAFE_METHODS and request.state.csrf_token and _is_form_with_token(request):
        form = await request.form()
        _check(request, next((str(form[name]) for name in _FIELDS if name in form), ""))


async def checked_body(request: Request) -> Receive:
    """Check the token of a form that a mounted app will read; return a `receive` that yields the body again."""
    body = await request.body()
    await check_form_token(Request(request.scope, _replay(body, request.receive)))
    return _replay(body, request.receive)


def _is_form_with_token(request: Request) -> bool:
    """Whether the token, if any, is a field of the form."""
    return not _header(request) and request.headers.get("content-type", "").startswith(_FORMS)


def _header(request: Request) -> str:
    return next((request.headers[name] for name in _HEADERS if name in request.headers), "")


def _check(request: Request, submitted: str) -> None:
    if not hmac.compare_digest(unmasked(submitted).encode(), request.state.csrf_token.encode()):
        raise _forged()


def _forged() -> Forbidden:
    return Forbidden("页面已失效，操作没有生效。请刷新页面后再试。", code="csrf")


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
