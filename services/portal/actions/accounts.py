"""Accounts: created, given other roles, closed, opened again, given a new link. Called by pages/accounts.py and api.py."""

from collections.abc import Collection
from datetime import datetime

from sqlmodel import select

from services.portal.actions.access import announce_access
from services.portal.actions.passwords import issue_link
from services.portal.errors import UnknownAccount
from services.portal.models import Account
from services.portal.queries import open_administrators
from services.portal.rules.access import check_an_administrator_remains, check_roles
from services.portal.rules.passwords import check_account
from services.portal.states import AccountState
from shared.foundation.clock import real_now
from shared.foundation.errors import Conflict
from shared.persistence.columns import for_update
from shared.persistence.unit_of_work import UnitOfWork


def create_account(
    uow: UnitOfWork, account: str, *, name: str, roles: Collection[str], actor: str, now: datetime
) -> str:
    """A new account without a password; returns the path of the one-time link that sets it. Raises Invalid, Conflict."""
    check_account(account, name)
    given = check_roles(roles)
    if uow.session.get(Account, account):
        raise Conflict("账号“{account}”已经存在，请换一个。", code="account-exists", values={"account": account})
    row = Account(account=account, name=name, roles=list(given), created_at=now, valid_from=real_now())
    uow.session.add(row)
    uow.record("account_created", account, actor=actor, now=now, details={"name": name, "roles": list(given)})
    announce_access(uow, row, now=now)
    return issue_link(uow, account)


def change_roles(uow: UnitOfWork, account: str, *, roles: Collection[str], actor: str, now: datetime) -> None:
    """Other roles; sessions go on with them. The same roles again change nothing. Raises Invalid, Conflict."""
    row = _locked(uow, account)
    given = check_roles(roles)
    if list(given) == row.roles:
        return
    _check_administrator(uow, row, stays="administrator" in given)
    uow.record("roles_changed", account, actor=actor, now=now, details={"from": row.roles, "to": list(given)})
    row.roles = list(given)
    announce_access(uow, row, now=now, keep_sessions=True)


def close_account(uow: UnitOfWork, account: str, *, actor: str, now: datetime) -> None:
    """Ends every session and lets nobody sign in again; a repeat changes nothing. Raises Conflict."""
    row = _locked(uow, account)
    if row.state == AccountState.CLOSED:
        return
    if account == actor:
        raise Conflict("不能停用自己的账号，请由另一位管理员办理。", code="own-account")
    _check_administrator(uow, row, stays=False)
    row.state = AccountState.CLOSED
    uow.record("account_closed", account, actor=actor, now=now)
    announce_access(uow, row, now=now)


def renew_link(uow: UnitOfWork, account: str, *, actor: str, now: datetime) -> str:
    """A new one-time link, also for a closed account, which it opens again: the old password is void. Returns its path."""
    row = _locked(uow, account)
    if account == actor:
        raise Conflict("请在“修改密码”中更改自己的密码。", code="own-account")
    if row.state == AccountState.OPEN:
        _check_administrator(uow, row, stays=False)
    row.state, row.password_hash = AccountState.INVITED, None
    uow.record("link_issued", account, actor=actor, now=now)
    announce_access(uow, row, now=now)
    return issue_link(uow, account)


def _check_administrator(uow: UnitOfWork, row: Account, *, stays: bool) -> None:
    check_an_administrator_remains(
        open_administrators(uow.session, except_for=row.account),
        was_administrator="administrator" in row.roles and row.state == AccountState.OPEN,
        stays_administrator=stays,
    )


def _locked(uow: UnitOfWork, account: str) -> Account:
    found = uow.session.exec(for_update(select(Account).where(Account.account == account))).one_or_none()
    if found is None:
        raise UnknownAccount
    row: Account = found
    return row
