"""Events of the portal: roles of staff accounts."""

from datetime import datetime
from typing import ClassVar

from shared.events.base import Event


class StaffAccessChanged(Event):
    """The roles of an account changed. Sessions signed before `valid_from` are void. No roles: the account is
    closed."""

    TYPE: ClassVar[str] = "portal.staff_access_changed.v1"
    PART: ClassVar[str] = "access"
    account: str
    roles: tuple[str, ...]
    valid_from: datetime

    @property
    def subject(self) -> str:
        return self.account
