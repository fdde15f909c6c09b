"""Sessions: begun with a password, renewed while somebody works, ended. Called by pages/door.py. Real time throughout."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from joserfc.jwk import OKPKey
from sqlmodel import col, delete, select

from services.portal.actions.passwords import digest_of, password_fits
from services.portal.errors import WrongPassword
from services.portal.models import Account, SignedInSession
from services.portal.states import AccountState
from shared.foundation.clock import real_now
from shared.foundation.errors import NotSignedIn
from shared.http.auth import LIFETIME_SECONDS, SessionToken, sign_token
from shared.persistence.columns import for_update
from shared.persistence.unit_of_work import UnitOfWork

LONGEST = timedelta(hours=10)
# A session that nobody renewed for so long was left alone: the token's fifteen minutes and a quarter of an hour more.
IDLE = timedelta(minutes=30)


@dataclass(frozen=True)
class Renewable:
    """What the browser gets: the signed token for every service, and the secret that renews it at the portal."""

    token: str
    secret: str


def sign_in(uow: UnitOfWork, account: str, *, password: str, key: OKPKey, actor: str, now: datetime) -> Renewable:
    """A new session. Raises WrongPassword, also for an account that is closed or was never opened."""
    row = uow.session.get(Account, account)
    if not password_fits(row, password) or row is None:
        raise WrongPassword
    uow.session.exec(delete(SignedInSession).where(col(SignedInSession.started_at) < real_now() - LONGEST))
    secret, started = secrets.token_urlsafe(32), real_now()
    kept = SignedInSession(
        secret_hash=digest_of(secret),
        account=account,
        sid=secrets.token_urlsafe(32),
        started_at=started,
        renewed_at=started,
    )
    row.signed_in_at = now
    uow.session.add(row)
    uow.session.add(kept)
    uow.record("signed_in", account, actor=actor, now=now)
    return Renewable(_token(row, kept, key), secret)


def note_refused_sign_in(uow: UnitOfWork, account: str, *, actor: str, now: datetime, code: str, address: str) -> None:
    """Audits a try that failed; the name is what was typed, so it is cut."""
    uow.record("sign_in_refused", account[:64], actor=actor, now=now, details={"code": code, "address": address})


def renew(uow: UnitOfWork, secret: str, *, key: OKPKey) -> str:
    """A fresh token for the same session, with the roles as they are now. Raises NotSignedIn when the session is over."""
    over = NotSignedIn("登录已过期，请重新登录。", code="session-over")
    kept = uow.session.exec(
        for_update(select(SignedInSession).where(SignedInSession.secret_hash == digest_of(secret)))
    ).one_or_none()
    if kept is None or real_now() - kept.renewed_at > IDLE or real_now() - kept.started_at > LONGEST:
        raise over
    row = uow.session.get(Account, kept.account)
    if row is None or row.state != AccountState.OPEN:
        raise over
    kept.renewed_at = real_now()
    uow.session.add(kept)
    return _token(row, kept, key)


def end_session(uow: UnitOfWork, secret: str, *, actor: str, now: datetime) -> None:
    """Nobody renews this session any more; a token already out lasts its fifteen minutes at most. A repeat does nothing."""
    kept = uow.session.get(SignedInSession, digest_of(secret))
    if kept is not None:
        uow.session.delete(kept)
        uow.record("signed_out", kept.account, actor=actor, now=now)


def _token(row: Account, kept: SignedInSession, key: OKPKey) -> str:
    issued = real_now().timestamp()
    claims = SessionToken(
        sub=row.account,
        name=row.name,
        roles=tuple(row.roles),
        iat=issued,
        exp=issued + LIFETIME_SECONDS,
        sid=kept.sid,
    )
    return sign_token(claims, key)
