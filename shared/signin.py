"""Who acts: the session token that the portal signs, the actor of a request, and the guard against forged requests.

Used by shared/web.py (the guard stands in every app) and by every service's pages.py and api.py (`staff`). Cookies and
expiry use real time, never business time.
"""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from fastapi import Request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from pydantic import BaseModel, ValidationError
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.audit import record
from shared.clock import real_now
from shared.context import Context
from shared.correlation import current_correlation_id
from shared.errors import Forbidden, NotSignedIn, Refusal
from shared.events.portal import StaffAccessChanged
from shared.models import StaffAccess
from shared.process import Process

ALGORITHM = "Ed25519"
COOKIE = "lingjun_session"
LIFETIME_SECONDS = 15 * 60
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# The script library of the dashboards sends its own names; both are the same token.
_HEADERS = ("x-csrf-token", "x-csrftoken")
_FIELDS = ("csrf_token", "csrftoken")
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")

Role = Literal[
    "intake",
    "reviewer",
    "committee",
    "judge",
    "scheduler",
    "registrar",
    "finance",
    "finance_checker",
    "auditor",
    "administrator",
]


@dataclass(frozen=True)
class Actor:
    """A signed-in member of the staff. `account` goes into actions and the audit log; `name` is for pages."""

    account: str
    name: str
    roles: frozenset[str]

    def may(self, *roles: str) -> bool:
        """Whether the person holds one of `roles`."""
        return not self.roles.isdisjoint(roles)


class SessionToken(BaseModel):
    """What the portal signs (RFC 7519). `iat` and `exp` are seconds since 1970 in real time, with fractions."""

    sub: str
    name: str
    roles: tuple[str, ...]
    iat: float
    exp: float
    sid: str

    @property
    def is_over(self) -> bool:
        """Whether it has to be renewed."""
        return real_now().timestamp() >= self.exp


def sign_token(token: SessionToken, private_key: OKPKey) -> str:
    """The compact form that goes into the cookie (EdDSA on Ed25519, RFC 8037 and RFC 9864)."""
    return jwt.encode({"alg": ALGORITHM}, token.model_dump(), private_key, algorithms=[ALGORITHM])


def read_token(compact: str, public_key_file: Path) -> SessionToken | None:
    """The token, also one that is over; None when it was not signed by the portal, or no key is there yet."""
    try:
        found = jwt.decode(compact, _public_key(public_key_file), algorithms=[ALGORITHM])
        return SessionToken.model_validate(found.claims)
    except (JoseError, ValidationError, ValueError, FileNotFoundError):
        return None


@lru_cache
def _public_key(path: Path) -> OKPKey:
    return OKPKey.import_key(path.read_bytes())


def csrf_token(sid: str) -> str:
    """The token that every form of this session carries: bound to the session's id, which no script can read."""
    return _bound(sid, "csrf")


def flash_mark(sid: str, text: str) -> str:
    """Marks a notice for this session's next page, so that nobody else can put one there."""
    return _bound(sid, f"flash:{text}")


def _bound(sid: str, text: str) -> str:
    return hmac.new(sid.encode(), text.encode(), hashlib.sha256).hexdigest()


def staff(*roles: Role) -> Callable[[Request], Actor]:
    """A dependency: the actor, who holds one of `roles` (none named: any member of the staff).

    Raises NotSignedIn without a valid session, Forbidden with other roles; the latter is audited in a transaction of its
    own, because the request's is given up. Auditors read everything: they pass on GET.
    """

    def signed_in(request: Request) -> Actor:
        actor = actor_of(request)
        admitted = (*roles, "auditor") if request.method in SAFE_METHODS else roles
        if roles and not actor.may(*admitted):
            refuse_access(request, actor)
        return actor

    return signed_in


def actor_of(request: Request) -> Actor:
    """Who acts, by the token and by what the portal has said since. Raises NotSignedIn. Reads the database."""
    token: SessionToken | None = request.state.session_token
    if token is None or token.is_over:
        raise NotSignedIn("请先登录。", code="not-signed-in")
    process: Process = request.app.state.process
    with process.database.reader() as session:
        said = session.get(StaffAccess, token.sub)
    if said is not None and (token.iat < said.valid_from.timestamp() or not said.roles):
        raise NotSignedIn("您的权限已变更，请重新登录。", code="session-revoked")
    request.state.actor = Actor(token.sub, token.name, frozenset(said.roles if said else token.roles))
    found: Actor = request.state.actor
    return found


def refuse_access(request: Request, actor: Actor) -> None:
    """Audits that `actor` was refused here, then raises Forbidden."""
    process: Process = request.app.state.process
    with process.database.transaction() as session:
        details = {"method": request.method}
        record(
            session, "access_refused", request.url.path, actor=actor.account, now=process.clock.now(), details=details
        )
    raise Forbidden("您没有使用此功能的权限。如确需办理，请联系管理员调整角色。", code="role")


def on_staff_access_changed(session: Session, event: StaffAccessChanged, *, context: Context) -> None:
    """Remembers what the portal said of an account; hearing it again changes nothing. Registered by every service."""
    remember_access(session, event)


def remember_access(session: Session, event: StaffAccessChanged) -> None:
    """The row behind `actor_of`."""
    row = session.get(StaffAccess, event.account)
    if row is None:
        row = StaffAccess(account=event.account, roles=[], valid_from=event.valid_from)
    row.roles, row.valid_from = list(event.roles), event.valid_from
    session.add(row)


class Guard:
    """ASGI middleware in every app: reads the session, and lets no forged request through.

    Sets `request.state.session_token` and `request.state.csrf_token`. A request that may change something and carries a
    session must also carry the session's CSRF token, as a header or a form field; one that a browser sends for another
    site is refused in any case.
    """

    def __init__(self, app: ASGIApp, process: Process, refuse: Callable[[Request, Refusal], Response]) -> None:
        self._app, self._process, self._refuse = app, process, refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        compact = request.cookies.get(COOKIE, "")
        token = read_token(compact, self._process.settings.token_public_key_file) if compact else None
        request.state.session_token = token
        request.state.csrf_token = csrf_token(token.sid) if token else ""
        request.state.actor, request.state.correlation_id = None, current_correlation_id()
        if request.method not in SAFE_METHODS:
            receive, given = await self._given(request, receive) if token else (receive, "")
            if self._is_forged(request, given):
                refusal = Forbidden("页面已失效，操作没有生效。请刷新页面后再试。", code="csrf")
                answer = await run_in_threadpool(self._refuse, request, refusal)
                await answer(scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _given(self, request: Request, receive: Receive) -> tuple[Receive, str]:
        if header := next((request.headers[name] for name in _HEADERS if name in request.headers), ""):
            return receive, header
        if not request.headers.get("content-type", "").startswith(_FORMS):
            return receive, ""
        body = await request.body()
        form = await Request(request.scope, _replay(body, receive)).form()
        found = next((str(form[name]) for name in _FIELDS if name in form), "")
        await form.close()
        return _replay(body, receive), found

    def _is_forged(self, request: Request, given: str) -> bool:
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return True
        expected: str = request.state.csrf_token
        return bool(expected) and not hmac.compare_digest(given.encode(), expected.encode())


def _replay(body: bytes, receive: Receive) -> Receive:
    """The body once more, then whatever the connection says next."""
    sent = False

    async def once() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return once
