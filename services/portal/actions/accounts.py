"""Create accounts, change their roles, close and reopen them, issue links. Called by pages/accounts.py and api.py."""

from collections.abc import Collection
from datetime import datetime

from services.portal.actions.access import publish_access
from services.portal.actions.locking import lock_account
from services.portal.actions.passwords import issue_link
from services.portal.models import Account
from services.portal.queries import open_administrators
from services.portal.rules.access import check_an_administrator_remains, check_roles
from services.portal.rules.passwords import check_account
from services.portal.states import AccountState
from shared.foundation.clock import real_now
from shared.foundation.errors import Conflict
from shared.persistence.unit_of_work import UnitOfWork


def create_account(
    uow: UnitOfWork, account: str, *, name: str, roles: Collection[str], actor: str, now: datetime
) -> str:
    """Create an account without a password and return the path of the one-time link that sets it.

    Raises Conflict if the account exists, Invalid for a bad name or bad roles.
    """
    check_account(account, name)
    new_roles = check_roles(roles)
    if uow.session.get(Account, account):
        raise Conflict("账号“{account}”已经存在，请换一个。", code="account-exists", values={"account": account})
    row = Account(account=account, name=name, roles=list(new_roles), created_at=now, valid_from=real_now())
    uow.session.add(row)
    uow.record("account_created", account, actor=actor, now=now, details={"name": name, "roles": list(new_roles)})
    publish_access(uow, row, now=now)
    return issue_link(uow, account)


def change_roles(uow: UnitOfWork, account: str, *, roles: Collection[str], actor: str, now: datetime) -> None:
    """Replace an account's roles; its sessions continue with the new roles. The same roles change nothing.

    Raises Invalid for bad roles, Conflict for the last administrator.
    """
    row = lock_account(uow, account)
    new_roles = check_roles(roles)
    if list(new_roles) == row.roles:
        return
    _check_administrator(uow, row, stays="administrator" in new_roles)
    uow.record("roles_changed", account, actor=actor, now=now, details={"from": row.roles, "to": list(new_roles)})
    row.roles = list(new_roles)
    publish_access(uow, row, now=now, keep_sessions=True)


def close_account(uow: UnitOfWork, account: str, *, actor: str, now: datetime) -> None:
    """Close an account and end its sessions. A repeat changes nothing.

    Raises Conflict for the actor's own account and for the last administrator.
    """
    row = lock_account(uow, account)
    if row.state == AccountState.CLOSED:
        return
    if account == actor:
        raise Conflict("不能停用自己的账号，请由另一位管理员办理。", code="own-account")
    _check_administrator(uow, row, stays=False)
    row.state = AccountState.CLOSED
    uow.record("account_closed", account, actor=actor, now=now)
    publish_access(uow, row, now=now)


def renew_link(uow: UnitOfWork, account: str, *, actor: str, now: datetime) -> str:
    """Void the password and return the path of a new one-time link, which also reopens a closed account.

    Raises Conflict for the actor's own account and for the last administrator.
    """
    row = lock_account(uow, account)
    if account == actor:
        raise Conflict("请在“修改密码”中更改自己的密码。", code="own-account")
    if row.state == AccountState.OPEN:
        _check_administrator(uow, row, stays=False)
    row.state, row.password_hash = AccountState.INVITED, None
    uow.record("link_issued", account, actor=actor, now=now)
    publish_access(uow, row, now=now)
    return issue_link(uow, account)


def _check_administrator(uow: UnitOfWork, row: Account, *, stays: bool) -> None:
    check_an_administrator_remains(
        open_administrators(uow.session, except_for=row.account),
        was_administrator="administrator" in row.roles and row.state == AccountState.OPEN,
        stays_administrator=stays,
    )
