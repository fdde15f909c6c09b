"""Sessions: begin with a password, renew, end. Called by pages/login.py. Uses real time throughout."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from joserfc.jwk import OKPKey
from sqlmodel import col, delete

from services.portal.actions.passwords import digest_of, password_fits
from services.portal.errors import WrongPassword
from services.portal.models import Account, SignedInSession
from services.portal.states import AccountState
from shared.foundation.clock import real_now
from shared.foundation.errors import NotSignedIn
from shared.http.auth import LIFETIME_SECONDS, SessionToken, sign_token
from shared.persistence.unit_of_work import UnitOfWork

LONGEST = timedelta(hours=10)
# A session not renewed for this long is idle: the token's fifteen minutes and another fifteen.
IDLE = timedelta(minutes=30)


@dataclass(frozen=True)
class Renewable:
    """The browser's credentials: the signed token for every service, and the secret that renews it at the portal."""

    token: str
    secret: str


def sign_in(uow: UnitOfWork, account: str, *, password: str, key: OKPKey, actor: str, now: datetime) -> Renewable:
    """Begin a session. Raises WrongPassword, also for a closed or not yet opened account."""
    row = uow.session.get(Account, account)
    if not password_fits(row, password) or row is None:
        raise WrongPassword
    uow.session.exec(delete(SignedInSession).where(col(SignedInSession.started_at) < real_now() - LONGEST))
    secret, started = secrets.token_urlsafe(32), real_now()
    stored = SignedInSession(
        secret_hash=digest_of(secret),
        account=account,
        sid=secrets.token_urlsafe(32),
        started_at=started,
        renewed_at=started,
    )
    row.signed_in_at = now
    uow.session.add(row)
    uow.session.add(stored)
    uow.record("signed_in", account, actor=actor, now=now)
    return Renewable(_token(row, stored, key), secret)


def note_refused_sign_in(uow: UnitOfWork, account: str, *, actor: str, now: datetime, code: str, address: str) -> None:
    """Record a failed login in the audit log. The account is the typed text, so it is truncated."""
    uow.record("sign_in_refused", account[:64], actor=actor, now=now, details={"code": code, "address": address})


def renew(uow: UnitOfWork, secret: str, *, key: OKPKey) -> str:
    """Return a new token for the session, with the current roles. Raises NotSignedIn if the session has ended."""
    expired = NotSignedIn("登录已过期，请重新登录。", code="session-over")
    stored = uow.get_locked(SignedInSession, digest_of(secret))
    if stored is None or real_now() - stored.renewed_at > IDLE or real_now() - stored.started_at > LONGEST:
        raise expired
    row = uow.session.get(Account, stored.account)
    if row is None or row.state != AccountState.OPEN:
        raise expired
    stored.renewed_at = real_now()
    uow.session.add(stored)
    return _token(row, stored, key)


def end_session(uow: UnitOfWork, secret: str, *, actor: str, now: datetime) -> None:
    """End a session: it can no longer be renewed. An issued token stays valid for at most fifteen minutes.

    A repeat changes nothing.
    """
    stored = uow.session.get(SignedInSession, digest_of(secret))
    if stored is not None:
        uow.session.delete(stored)
        uow.record("signed_out", stored.account, actor=actor, now=now)


def _token(row: Account, stored: SignedInSession, key: OKPKey) -> str:
    issued = real_now().timestamp()
    claims = SessionToken(
        sub=row.account,
        name=row.name,
        roles=tuple(row.roles),
        iat=issued,
        exp=issued + LIFETIME_SECONDS,
        sid=stored.sid,
    )
    return sign_token(claims, key)
