"""Notices: what was done, said once on the next page. They travel in a cookie that only this session can have written.

Used by lists.py and replies.py; read by frame.py.
"""

import base64
import binascii
import hmac
import json
from dataclasses import asdict, dataclass

from starlette.requests import Request
from starlette.responses import Response

from shared.foundation.language import t
from shared.http.auth import flash_mark

COOKIE = "lingjun_notice"
_LONGEST = 300
_MOST = 4


@dataclass(frozen=True)
class Notice:
    """A message and its colour: success, warning, danger or info."""

    message: str
    tone: str = "success"


def notify(request: Request, message: str, *, tone: str = "success") -> None:
    """Says `message`, in the reader's language, on the next page of this session; of a fifth and later one nothing."""
    kept: list[Notice] = getattr(request.state, "notices", [])
    request.state.notices = [*kept, Notice(t(message)[:_LONGEST], tone)][:_MOST]


def send_notices(request: Request, response: Response) -> None:
    """Puts what `notify` collected into the response."""
    if not (notices := getattr(request.state, "notices", [])):
        return
    text = base64.urlsafe_b64encode(json.dumps([asdict(notice) for notice in notices]).encode()).decode()
    secure = request.app.state.process.settings.public_url.startswith("https:")
    response.set_cookie(
        COOKIE, f"{text}.{_mark(request, text)}", max_age=300, httponly=True, samesite="lax", secure=secure
    )


def take_notices(request: Request) -> list[Notice]:
    """The notices that wait for this page; an altered cookie holds none."""
    text, _, mark = request.cookies.get(COOKIE, "").partition(".")
    if not text or not hmac.compare_digest(mark.encode(), _mark(request, text).encode()):
        return []
    try:
        return [Notice(**fields) for fields in json.loads(base64.urlsafe_b64decode(text))]
    except (binascii.Error, ValueError, TypeError):
        return []


def _mark(request: Request, text: str) -> str:
    token = request.state.session_token
    return flash_mark(token.sid if token else "", text)
