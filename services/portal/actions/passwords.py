"""Passwords: hash with argon2id, set by a one-time link, change. Called by pages/login.py, api.py and web.py."""

import hashlib
import secrets
from datetime import datetime, timedelta
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlmodel import Session, col, delete

from services.portal.actions.access import publish_access
from services.portal.errors import UnknownLink, WrongPassword
from services.portal.models import Account, OneTimeLink
from services.portal.queries import account_named, has_accounts
from services.portal.rules.passwords import check_account, check_password
from services.portal.states import AccountState
from shared.foundation.clock import real_now
from shared.persistence.unit_of_work import UnitOfWork

# Lifetime of a one-time link, in real time.
LINK_LASTS = timedelta(days=3)
# RFC 9106, second recommended option: 64 MiB, three passes.
_hasher = PasswordHasher(time_cost=3, memory_cost=65536, parallelism=4)
# At most two hashes are computed concurrently, to bound memory: the login page is open to anyone.
_hashing_slots = BoundedSemaphore(2)
# Verified for an unknown account, so that the attempt takes as long as for a known one.
_DUMMY_HASH = _hasher.hash(secrets.token_hex())


def digest_of(secret: str) -> str:
    """Return the SHA-256 (hex) that is stored in place of a random secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def password_fits(account: Account | None, password: str) -> bool:
    """Return whether this is the password of an open account.

    Takes equally long for an unknown account and for an account without a password.
    """
    stored_hash = account.password_hash if account and account.password_hash else _DUMMY_HASH
    try:
        with _hashing_slots:
            _hasher.verify(stored_hash, password)
    except (VerificationError, InvalidHashError):
        return False
    return account is not None and account.state == AccountState.OPEN


def issue_link(uow: UnitOfWork, account: str | None) -> str:
    """Create a one-time link and return its path. It replaces earlier links and expires after LINK_LASTS."""
    uow.session.exec(delete(OneTimeLink).where(col(OneTimeLink.account) == account))
    secret = secrets.token_urlsafe(32)
    uow.session.add(OneTimeLink(secret_hash=digest_of(secret), account=account, expires_at=real_now() + LINK_LASTS))
    return f"/welcome/{secret}"


def first_account_link(uow: UnitOfWork, *, actor: str, now: datetime) -> str | None:
    """Return the path of the link that creates the first account, or None if an account exists.

    A repeat voids the earlier link.
    """
    if has_accounts(uow.session):
        return None
    uow.record("first_account_link_issued", "portal", actor=actor, now=now)
    return issue_link(uow, None)


def link_owner(session: Session, secret: str) -> Account | None:
    """Return the account of a one-time link, or None for the link of the first account. Raises UnknownLink."""
    link = _open(session.get(OneTimeLink, digest_of(secret)))
    return account_named(session, link.account) if link.account else None


def make_first_account(
    uow: UnitOfWork, secret: str, *, account: str, name: str, password: str, actor: str, now: datetime
) -> Account:
    """Create the first administrator with the link that the console printed. Raises UnknownLink, Invalid."""
    link = _open(uow.get_locked(OneTimeLink, digest_of(secret)))
    if link.account or has_accounts(uow.session):
        raise UnknownLink
    check_account(account, name)
    row = Account(account=account, name=name, roles=["administrator"], created_at=now, valid_from=real_now())
    uow.session.add(row)
    uow.record("account_created", account, actor=actor, now=now, details={"roles": row.roles})
    return _use_link(uow, link, row, password, now=now)


def set_password(uow: UnitOfWork, secret: str, *, password: str, actor: str, now: datetime) -> Account:
    """Set the password of the link's account, open it and void earlier sessions. Raises UnknownLink, Invalid."""
    link = _open(uow.get_locked(OneTimeLink, digest_of(secret)))
    if link.account is None:
        raise UnknownLink
    row = account_named(uow.session, link.account)
    if row.state == AccountState.CLOSED:
        raise UnknownLink
    uow.record("password_set", row.account, actor=actor, now=now)
    return _use_link(uow, link, row, password, now=now)


def change_password(uow: UnitOfWork, account: str, *, old: str, new: str, actor: str, now: datetime) -> None:
    """Change the password, given the old one, and end the account's sessions. Raises WrongPassword, Invalid."""
    row = account_named(uow.session, account)
    if not password_fits(row, old):
        raise WrongPassword
    check_password(new, account=account, field="new")
    row.password_hash = _hash(new)
    uow.session.add(row)
    uow.record("password_changed", account, actor=actor, now=now)
    publish_access(uow, row, now=now)


def _hash(password: str) -> str:
    with _hashing_slots:
        return _hasher.hash(password)


def _open(link: OneTimeLink | None) -> OneTimeLink:
    """Return the link. Raises UnknownLink if there is none, or it has expired."""
    if link is None or link.expires_at <= real_now():
        raise UnknownLink
    return link


def _use_link(uow: UnitOfWork, link: OneTimeLink, row: Account, password: str, *, now: datetime) -> Account:
    check_password(password, account=row.account)
    row.password_hash, row.state = _hash(password), AccountState.OPEN
    uow.session.add(row)
    uow.session.delete(link)
    publish_access(uow, row, now=now)
    return row
