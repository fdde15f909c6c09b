"""What the portal says of an account: its roles, and from when sessions are valid. Called by the other actions."""

from datetime import datetime

from sqlmodel import col, delete

from services.portal.models import Account, SignedInSession
from services.portal.states import AccountState
from shared.events.portal import StaffAccessChanged
from shared.foundation.clock import real_now
from shared.http.auth import remember_access
from shared.persistence.unit_of_work import UnitOfWork


def announce_access(uow: UnitOfWork, row: Account, *, now: datetime, keep_sessions: bool = False) -> None:
    """Says the account's roles (none unless it is open) and voids every session signed so far.

    The portal itself believes it at once; the others when they hear it. With `keep_sessions` the sessions may be renewed,
    and then carry the new roles.
    """
    row.valid_from = real_now()
    uow.session.add(row)
    if not keep_sessions:
        uow.session.exec(delete(SignedInSession).where(col(SignedInSession.account) == row.account))
    roles = tuple(row.roles) if row.state == AccountState.OPEN else ()
    event = StaffAccessChanged(account=row.account, roles=roles, valid_from=row.valid_from)
    uow.publish(event, now=now)
    remember_access(uow, event)
