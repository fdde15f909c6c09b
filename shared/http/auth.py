"""Who acts: the session token that the portal signs, and the actor of a request.

Used by every service's pages.py and api.py (`staff`), by shared/http/csrf.py and by the portal, which signs. Cookies and expiry
use real time, never business time.
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

from shared.context import Context
from shared.events.portal import StaffAccessChanged
from shared.foundation.clock import real_now
from shared.foundation.errors import Forbidden, NotSignedIn
from shared.persistence.models import StaffAccess
from shared.persistence.unit_of_work import UnitOfWork
from shared.wiring.process import Process

ALGORITHM = "Ed25519"
COOKIE = "lingjun_session"
LIFETIME_SECONDS = 15 * 60
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

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
class CurrentUser:
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


def staff(*roles: Role) -> Callable[[Request], CurrentUser]:
    """A dependency: the actor, who holds one of `roles` (none named: any member of the staff).

    Raises NotSignedIn without a valid session, Forbidden with other roles; the latter is audited in a transaction of its
    own, because the request's is given up. Auditors read everything: they pass on GET.
    """

    def signed_in(request: Request) -> CurrentUser:
        actor = current_user(request)
        admitted = (*roles, "auditor") if request.method in SAFE_METHODS else roles
        if roles and not actor.may(*admitted):
            refuse_access(request, actor)
        return actor

    return signed_in


def current_user(request: Request) -> CurrentUser:
    """Who acts, by the token, unless the portal has said something newer of the account. Raises NotSignedIn. Reads the database.

    A token that was signed after what was heard last carries the portal's later word: this service may hear of a new
    account's password after its owner has signed in.
    """
    token: SessionToken | None = request.state.session_token
    if token is None or token.is_over:
        raise NotSignedIn("请先登录。", code="not-signed-in")
    process: Process = request.app.state.process
    with process.database.reader() as session:
        said = session.get(StaffAccess, token.sub)
    if said is not None and token.iat < said.valid_from.timestamp():
        raise NotSignedIn("您的权限已变更，请重新登录。", code="session-revoked")
    actor = request.state.actor = CurrentUser(token.sub, token.name, frozenset(token.roles))
    return actor


def refuse_access(request: Request, actor: CurrentUser) -> None:
    """Audits that `actor` was refused here, then raises Forbidden."""
    process: Process = request.app.state.process
    with process.database.transaction() as uow:
        details = {"method": request.method}
        uow.record("access_refused", request.url.path, actor=actor.account, now=process.clock.now(), details=details)
    raise Forbidden("您没有使用此功能的权限。如确需办理，请联系管理员调整角色。", code="role")


def on_staff_access_changed(uow: UnitOfWork, event: StaffAccessChanged, *, context: Context) -> None:
    """Remembers what the portal said of an account; hearing it again changes nothing. Registered by every service."""
    remember_access(uow, event)


def remember_access(uow: UnitOfWork, event: StaffAccessChanged) -> None:
    """The row behind `actor_of`."""
    row = uow.session.get(StaffAccess, event.account)
    if row is None:
        row = StaffAccess(account=event.account, valid_from=event.valid_from)
    row.valid_from = event.valid_from
    uow.session.add(row)
