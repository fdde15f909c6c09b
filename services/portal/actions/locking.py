"""Row locks for the portal's actions: `lock_...` returns the row or raises. Used by this package only."""

from services.portal.errors import UnknownAccount, UnknownDeadLetter
from services.portal.models import Account, DeadLetter
from shared.persistence.unit_of_work import UnitOfWork


def lock_account(uow: UnitOfWork, account: str) -> Account:
    """Lock and return an account. Raises UnknownAccount."""
    row = uow.get_locked(Account, account)
    if row is None:
        raise UnknownAccount
    return row


def lock_dead_letter(uow: UnitOfWork, key: str) -> DeadLetter:
    """Lock and return a dead letter. Raises UnknownDeadLetter."""
    row = uow.get_locked(DeadLetter, key)
    if row is None:
        raise UnknownDeadLetter
    return row
