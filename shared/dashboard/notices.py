"""Flash notices: messages about actions, displayed once on the next page. Stored in a cookie with an HMAC of the
session.

Used by lists.py and replies.py; displayed by frame.py.
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
_MAX_LENGTH = 300
_MAX_NOTICES = 4


@dataclass(frozen=True)
class Notice:
    """A message and its colour: success, warning, danger or info."""

    message: str
    tone: str = "success"


def notify(request: Request, message: str, *, tone: str = "success") -> None:
    """Display `message`, translated, on the next page of this session. At most four notices are kept."""
    notices: list[Notice] = getattr(request.state, "notices", [])
    request.state.notices = [*notices, Notice(t(message)[:_MAX_LENGTH], tone)][:_MAX_NOTICES]


def send_notices(request: Request, response: Response) -> None:
    """Set the cookie with the notices of this request."""
    if not (notices := getattr(request.state, "notices", [])):
        return
    text = base64.urlsafe_b64encode(json.dumps([asdict(notice) for notice in notices]).encode()).decode()
    secure = request.app.state.process.settings.public_url.startswith("https:")
    response.set_cookie(
        COOKIE, f"{text}.{_hmac(request, text)}", max_age=300, httponly=True, samesite="lax", secure=secure
    )


def take_notices(request: Request) -> list[Notice]:
    """Return the notices for this page; none if the cookie was altered."""
    text, _, mark = request.cookies.get(COOKIE, "").partition(".")
    if not text or not hmac.compare_digest(mark.encode(), _hmac(request, text).encode()):
        return []
    try:
        return [Notice(**fields) for fields in json.loads(base64.urlsafe_b64decode(text))]
    except (binascii.Error, ValueError, TypeError):
        return []


def _hmac(request: Request, text: str) -> str:
    token = request.state.session_token
    return flash_mark(token.sid if token else "", text)
