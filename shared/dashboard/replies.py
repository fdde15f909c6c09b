"""Responses of pages: a rendered page, a redirect after an action, a file, or a refusal. Used by all pages."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote, urlsplit

from fastapi import Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from shared.dashboard.frame import render
from shared.dashboard.notices import notify, send_notices
from shared.foundation.errors import NotSignedIn, Refusal
from shared.http.auth import SAFE_METHODS, current_user
from shared.http.downloads import content_disposition

_HEADINGS = {
    401: "请重新登录",
    403: "没有权限",
    404: "找不到",
    409: "现在还不能这样做",
    413: "文件太大",
    422: "内容需要更正",
}

_INLINE_TYPES = ("application/pdf", "image/jpeg", "image/png")
_INLINE_CSP = "default-src 'none'; img-src 'self'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'"


@dataclass(frozen=True)
class Download:
    """A file that a page offers in its head, to print or to keep."""

    title: str
    href: str
    file_format: Literal["pdf", "excel"] = "pdf"


def page(
    request: Request,
    template: str,
    *,
    title: str,
    status: int = 200,
    downloads: Sequence[Download] = (),
    **context: Any,
) -> Response:
    """Render a template of the service, which extends `page.html`, in the dashboard's layout."""
    return render(request, template, {"title": title, "downloads": downloads, **context}, status=status)


def done(request: Request, to: str, message: str = "", *, tone: str = "success") -> Response:
    """Redirect to `to`, a path of this installation, after an action; the next page displays `message` once."""
    if message:
        notify(request, message, tone=tone)
    is_script = request.headers.get("x-lingjun-form") == "1"
    response = JSONResponse({"to": to}) if is_script else RedirectResponse(to, status_code=303)
    send_notices(request, response)
    return response


def file_reply(content: bytes, *, name: str, media_type: str, inline: bool = False) -> Response:
    """Return a file to download; with `inline`, display a PDF or an image, also in a frame. `name` may be Chinese."""
    is_inline = inline and media_type in _INLINE_TYPES
    headers = {"Content-Disposition": content_disposition(name, is_inline=is_inline)}
    if is_inline:
        headers["Content-Security-Policy"] = _INLINE_CSP
    return Response(content, media_type=media_type, headers=headers)


def refusal_page(request: Request, status: int, refusal: Refusal) -> Response:
    """Redirect to sign-in without a session, else display the refusal. Passed to `make_app(refusal_page=…)`."""
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    if isinstance(refusal, NotSignedIn) and request.method in SAFE_METHODS:
        return RedirectResponse(f"{sign_in_path(request)}?next={quote(here, safe='/')}", status_code=303)
    if status != 500 and request.state.actor is None and request.state.session_token is not None:
        with suppress(NotSignedIn):
            current_user(request)
    context = {
        "title": _HEADINGS.get(status, "出错了"),
        "status": status,
        "refusal": refusal,
        "back": back_path(request),
        "correlation_id": request.state.correlation_id,
    }
    return render(request, "refusal.html", context, status=status)


def sign_in_path(request: Request) -> str:
    """Return the path to a valid session: renewal if the token has expired, sign-in if there is none."""
    return "/session/renew" if request.state.session_token else "/sign-in"


def back_path(request: Request) -> str:
    """Return the previous page if it is of this installation, else the front page."""
    referer = urlsplit(request.headers.get("referer", ""))
    is_own = referer.netloc == request.headers.get("host", "")
    return referer.path + (f"?{referer.query}" if referer.query else "") if is_own else "/"
