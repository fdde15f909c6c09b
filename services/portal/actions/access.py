"""Publish an account's access: its roles, and the time from which its sessions are valid. Called by other actions."""

from datetime import datetime

from sqlmodel import col, delete

from services.portal.models import Account, SignedInSession
from services.portal.states import AccountState
from shared.events.portal import StaffAccessChanged
from shared.foundation.clock import real_now
from shared.http.auth import store_access
from shared.persistence.unit_of_work import UnitOfWork


def publish_access(uow: UnitOfWork, row: Account, *, now: datetime, keep_sessions: bool = False) -> None:
    """Publish StaffAccessChanged with the account's roles (none unless it is open) and void all signed tokens.

    The portal applies the change at once, other services when they consume the event. With `keep_sessions` the sessions
    can be renewed and then carry the new roles; otherwise they are deleted.
    """
    row.valid_from = real_now()
    uow.session.add(row)
    if not keep_sessions:
        uow.session.exec(delete(SignedInSession).where(col(SignedInSession.account) == row.account))
    roles = tuple(row.roles) if row.state == AccountState.OPEN else ()
    event = StaffAccessChanged(account=row.account, roles=roles, valid_from=row.valid_from)
    uow.publish(event, now=now)
    store_access(uow, event)
