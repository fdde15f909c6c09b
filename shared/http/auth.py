"""Authentication and roles: the session token that the portal signs, and the current user of a request.

Used by the pages and APIs of every service (`staff`), by shared/http/csrf.py and by the portal, which signs the tokens.
Cookies and expiry use real time, never business time.
"""

import hashlib
import hmac
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Generic, TypeVar

from fastapi import Request
from fastapi.openapi.models import APIKey, APIKeyIn
from fastapi.security.base import SecurityBase
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool

from shared.context import Context
from shared.events.portal import StaffAccessChanged
from shared.foundation.clock import real_now
from shared.foundation.errors import Forbidden, NotSignedIn
from shared.persistence.models import StaffAccess
from shared.persistence.unit_of_work import UnitOfWork
from shared.wiring.process import Process
from shared.wiring.registry import Role

ALGORITHM = "Ed25519"
COOKIE = "lingjun_session"
LIFETIME_SECONDS = 15 * 60
_MASKED_LENGTH = 2 * 2 * hashlib.sha256().digest_size
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


T = TypeVar("T")


class Credential(SecurityBase, Generic[T]):
    """A dependency that identifies the sender from headers and path, or raises a refusal.

    shared/http/gate.py calls it before the body is read; the route gets the same result. FastAPI documents the operations that
    depend on it by `scheme_name` and `model`, which the credentials of JSON endpoints define.
    """

    def __init__(self, check: Callable[[Request], Awaitable[T]]) -> None:
        self._check = check

    async def __call__(self, request: Request) -> T:
        """Return what the check returns. A repeat in the same request does not check again."""
        checked: dict[Credential[Any], T] = request.state.credentials
        if self not in checked:
            checked[self] = await self._check(request)
        return checked[self]


@dataclass(frozen=True)
class CurrentUser:
    """A signed-in member of staff. `account` is for actions and the audit log, `name` for pages."""

    account: str
    name: str
    roles: frozenset[str]

    def may(self, *roles: str) -> bool:
        """Whether the user has one of `roles`."""
        return not self.roles.isdisjoint(roles)


class StaffSession(Credential[CurrentUser]):
    """The session of a signed-in member of staff, as the portal's cookie."""

    scheme_name = "staffSession"
    model = APIKey(
        **{"in": APIKeyIn.cookie},
        name=COOKIE,
        description="The portal sets this cookie after `POST /sign-in` with the form fields `account` and `password`.",
    )


class SessionToken(BaseModel):
    """The claims that the portal signs (RFC 7519). `iat` and `exp` are seconds since 1970 in real time, with
    fractions."""

    sub: str
    name: str
    roles: tuple[str, ...]
    iat: float
    exp: float
    sid: str

    @property
    def is_expired(self) -> bool:
        """Whether the token must be renewed."""
        return real_now().timestamp() >= self.exp


def sign_token(token: SessionToken, private_key: OKPKey) -> str:
    """Sign the token; return the compact form for the cookie (EdDSA with Ed25519, RFC 8037 and RFC 9864)."""
    return jwt.encode({"alg": ALGORITHM}, token.model_dump(), private_key, algorithms=[ALGORITHM])


def read_token(compact: str, public_key_file: Path) -> SessionToken | None:
    """Return the token, even if expired; None if the portal did not sign it, or if no key exists yet."""
    try:
        decoded = jwt.decode(compact, _public_key(public_key_file), algorithms=[ALGORITHM])
        return SessionToken.model_validate(decoded.claims)
    except (JoseError, ValidationError, ValueError, FileNotFoundError):
        return None


@lru_cache
def _public_key(path: Path) -> OKPKey:
    return OKPKey.import_key(path.read_bytes())


def csrf_token(sid: str) -> str:
    """Return the CSRF token of all forms of a session: an HMAC keyed with the session id, which scripts cannot read."""
    return _hmac(sid, "csrf")


def masked(token: str) -> str:
    """Return a CSRF token in a form that is new each time, for a page that is compressed (BREACH, as Django masks its own)."""
    pad = secrets.token_bytes(len(token) // 2)
    return (pad + bytes(one ^ other for one, other in zip(pad, bytes.fromhex(token), strict=True))).hex()


def unmasked(submitted: str) -> str:
    """Return the token behind a masked one; any other text unchanged."""
    try:
        content = bytes.fromhex(submitted) if len(submitted) == _MASKED_LENGTH else b""
    except ValueError:
        return submitted
    half = len(content) // 2
    # Blanks between digits are read too, so that there may be fewer bytes.
    if not content or 4 * half != _MASKED_LENGTH:
        return submitted
    return bytes(one ^ other for one, other in zip(content[:half], content[half:], strict=True)).hex()


def flash_mark(sid: str, text: str) -> str:
    """Return the HMAC of a flash notice, so that only this session can have written it."""
    return _hmac(sid, f"flash:{text}")


def _hmac(sid: str, text: str) -> str:
    return hmac.new(sid.encode(), text.encode(), hashlib.sha256).hexdigest()


def staff(*roles: Role) -> StaffSession:
    """Return a credential that yields the current user, who must have one of `roles` (none named: any member of staff).

    It raises NotSignedIn without a valid session, Forbidden with other roles. It audits the latter in a
    separate transaction, because the request's own is rolled back. Auditors may read everything: GET is allowed.
    """

    def require_role(request: Request) -> CurrentUser:
        actor = current_user(request)
        admitted = (*roles, "auditor") if request.method in SAFE_METHODS else roles
        if roles and not actor.may(*admitted):
            refuse_access(request, actor)
        return actor

    async def check(request: Request) -> CurrentUser:
        return await run_in_threadpool(require_role, request)

    return StaffSession(check)


def current_user(request: Request) -> CurrentUser:
    """Return the user of the session token. Raises NotSignedIn without a valid token, or if the account's access has
    changed since it was signed. Reads the database.

    A token that is newer than the last StaffAccessChanged is valid: this service may receive the event of a new
    password only after the user has signed in with it.
    """
    token: SessionToken | None = request.state.session_token
    if token is None or token.is_expired:
        raise NotSignedIn("请先登录。", code="not-signed-in")
    process: Process = request.app.state.process
    with process.database.reader() as session:
        access = session.get(StaffAccess, token.sub)
    if access is not None and token.iat < access.valid_from.timestamp():
        raise NotSignedIn("您的权限已变更，请重新登录。", code="session-revoked")
    actor = request.state.actor = CurrentUser(token.sub, token.name, frozenset(token.roles))
    return actor


def refuse_access(request: Request, actor: CurrentUser) -> None:
    """Audit that `actor` was refused, then raise Forbidden."""
    process: Process = request.app.state.process
    with process.database.transaction() as uow:
        details = {"method": request.method}
        uow.record("access_refused", request.url.path, actor=actor.account, now=process.clock.now(), details=details)
    raise Forbidden("您没有使用此功能的权限。如确需办理，请联系管理员调整角色。", code="role")


def on_staff_access_changed(uow: UnitOfWork, event: StaffAccessChanged, *, context: Context) -> None:
    """Store the access of an account. A repeat changes nothing. Registered by every service."""
    store_access(uow, event)


def store_access(uow: UnitOfWork, event: StaffAccessChanged) -> None:
    """Write the StaffAccess row that `current_user` reads."""
    row = uow.session.get(StaffAccess, event.account)
    if row is None:
        row = StaffAccess(account=event.account, valid_from=event.valid_from)
    row.valid_from = event.valid_from
    uow.session.add(row)
