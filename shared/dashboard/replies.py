"""What a page's route answers: a page, "done, go on there", a file, or a refusal for people. Used by every pages.py."""

from contextlib import suppress
from typing import Any
from urllib.parse import quote, urlsplit

from fastapi import Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from shared.dashboard.frame import render
from shared.dashboard.notices import notify, send_notices
from shared.foundation.errors import NotSignedIn, Refusal
from shared.http.auth import SAFE_METHODS, current_user

_HEADINGS = {
    401: "请重新登录",
    403: "没有权限",
    404: "找不到",
    409: "现在还不能这样做",
    413: "文件太大",
    422: "内容需要更正",
}

_SHOWN = ("application/pdf", "image/jpeg", "image/png")
_SHOWN_POLICY = (
    "default-src 'none'; img-src 'self'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'"
)


def page(request: Request, template: str, *, title: str, status: int = 200, **context: Any) -> Response:
    """A page from the service's templates (which extend `page.html`), in the dashboard's layout."""
    return render(request, template, {"title": title, **context}, status=status)


def done(request: Request, to: str, message: str = "", *, tone: str = "success") -> Response:
    """After an action: go on to `to`, a path of this house, which says `message` once."""
    if message:
        notify(request, message, tone=tone)
    by_script = request.headers.get("x-lingjun-form") == "1"
    answer = JSONResponse({"to": to}) if by_script else RedirectResponse(to, status_code=303)
    send_notices(request, answer)
    return answer


def file_reply(content: bytes, *, name: str, media_type: str, inline: bool = False) -> Response:
    """A file to keep; with `inline`, a PDF or a picture to look at, also in a frame of our own. `name` may be Chinese."""
    looked_at = inline and media_type in _SHOWN
    headers = {"Content-Disposition": f"{'inline' if looked_at else 'attachment'}; filename*=UTF-8''{quote(name)}"}
    if looked_at:
        headers["Content-Security-Policy"] = _SHOWN_POLICY
    return Response(content, media_type=media_type, headers=headers)


def refusal_page(request: Request, status: int, refusal: Refusal) -> Response:
    """For `make_app(refusal_page=…)`: signs in whoever has no session, tells everybody else what is wrong and what to do."""
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    if isinstance(refusal, NotSignedIn) and request.method in SAFE_METHODS:
        return RedirectResponse(f"{way_in(request)}?next={quote(here, safe='/')}", status_code=303)
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


def way_in(request: Request) -> str:
    """Where a person without a valid session goes: the portal renews one that is only over, else it asks to sign in."""
    return "/session/renew" if request.state.session_token else "/sign-in"


def back_path(request: Request) -> str:
    """The page of this house that the person came from, else the front page."""
    came_from = urlsplit(request.headers.get("referer", ""))
    same_house = came_from.netloc == request.headers.get("host", "")
    return came_from.path + (f"?{came_from.query}" if came_from.query else "") if same_house else "/"
