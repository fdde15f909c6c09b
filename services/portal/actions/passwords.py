"""Passwords: hashing with argon2id, setting by a one-time link, changing by their owner. Called by pages/door.py and api.py."""

import hashlib
import secrets
from datetime import datetime, timedelta
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlmodel import Session, col, delete, select

from services.portal.actions.access import announce_access
from services.portal.errors import UnknownLink, WrongPassword
from services.portal.models import Account, OneTimeLink
from services.portal.queries import account_named, has_accounts
from services.portal.rules.passwords import check_account, check_password
from services.portal.states import AccountState
from shared.foundation.clock import real_now
from shared.persistence.columns import for_update
from shared.persistence.unit_of_work import UnitOfWork

LINK_LASTS = timedelta(days=3)
# RFC 9106, second recommended option: 64 MiB, three passes.
_hasher = PasswordHasher(time_cost=3, memory_cost=65536, parallelism=4)
# Two at a time: everybody at the door may ask for one, and the process's memory must be enough for all who do.
_turns = BoundedSemaphore(2)
# What an unknown account's try is measured against, so that it takes as long as a known one's.
_NOBODYS = _hasher.hash(secrets.token_hex())


def digest_of(secret: str) -> str:
    """What is kept of a random secret that somebody else holds: SHA-256, hex."""
    return hashlib.sha256(secret.encode()).hexdigest()


def password_fits(account: Account | None, password: str) -> bool:
    """Whether it is the account's password; takes equally long when there is no account, or one without a password."""
    kept = account.password_hash if account and account.password_hash else _NOBODYS
    try:
        with _turns:
            _hasher.verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False
    return account is not None and account.state == AccountState.OPEN


def issue_link(uow: UnitOfWork, account: str | None) -> str:
    """The path of a new one-time link, which replaces earlier ones; valid for three days of real time."""
    uow.session.exec(delete(OneTimeLink).where(col(OneTimeLink.account) == account))
    secret = secrets.token_urlsafe(32)
    uow.session.add(OneTimeLink(secret_hash=digest_of(secret), account=account, expires_at=real_now() + LINK_LASTS))
    return f"/welcome/{secret}"


def first_account_link(uow: UnitOfWork, *, actor: str, now: datetime) -> str | None:
    """The path that makes the first account, or None when there is one already. A repeat voids the earlier link."""
    if has_accounts(uow.session):
        return None
    uow.record("first_account_link_issued", "portal", actor=actor, now=now)
    return issue_link(uow, None)


def link_owner(session: Session, secret: str) -> Account | None:
    """Whose link this is; None for the first account's. Raises UnknownLink."""
    link = _link(session, secret)
    return account_named(session, link.account) if link.account else None


def make_first_account(
    uow: UnitOfWork, secret: str, *, account: str, name: str, password: str, actor: str, now: datetime
) -> Account:
    """The first administrator, by the link that the console printed. Raises UnknownLink, Invalid."""
    link = _link(uow.session, secret)
    if link.account or has_accounts(uow.session):
        raise UnknownLink
    check_account(account, name)
    row = Account(account=account, name=name, roles=["administrator"], created_at=now, valid_from=real_now())
    uow.session.add(row)
    uow.record("account_created", account, actor=actor, now=now, details={"roles": row.roles})
    return _set(uow, link, row, password, now=now)


def set_password(uow: UnitOfWork, secret: str, *, password: str, actor: str, now: datetime) -> Account:
    """The password of the link's account, which opens it and voids earlier sessions. Raises UnknownLink, Invalid."""
    link = _link(uow.session, secret)
    if link.account is None:
        raise UnknownLink
    row = account_named(uow.session, link.account)
    if row.state == AccountState.CLOSED:
        raise UnknownLink
    uow.record("password_set", row.account, actor=actor, now=now)
    return _set(uow, link, row, password, now=now)


def change_password(uow: UnitOfWork, account: str, *, old: str, new: str, actor: str, now: datetime) -> None:
    """A new password for somebody who knows the old one; other sessions end. Raises WrongPassword, Invalid."""
    row = account_named(uow.session, account)
    if not password_fits(row, old):
        raise WrongPassword
    check_password(new, account=account, field="new")
    row.password_hash = _hash(new)
    uow.session.add(row)
    uow.record("password_changed", account, actor=actor, now=now)
    announce_access(uow, row, now=now)


def _hash(password: str) -> str:
    with _turns:
        return _hasher.hash(password)


def _link(session: Session, secret: str) -> OneTimeLink:
    found = session.exec(
        for_update(select(OneTimeLink).where(OneTimeLink.secret_hash == digest_of(secret)))
    ).one_or_none()
    if found is None or found.expires_at <= real_now():
        raise UnknownLink
    link: OneTimeLink = found
    return link


def _set(uow: UnitOfWork, link: OneTimeLink, row: Account, password: str, *, now: datetime) -> Account:
    check_password(password, account=row.account)
    row.password_hash, row.state = _hash(password), AccountState.OPEN
    uow.session.add(row)
    uow.session.delete(link)
    announce_access(uow, row, now=now)
    return row
