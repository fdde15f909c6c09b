"""States of accounts and dead letters. Standard library only."""

from enum import StrEnum


class AccountState(StrEnum):
    """INVITED -> OPEN by the one-time link; OPEN or INVITED -> CLOSED by an administrator, who may also reopen."""

    INVITED = "invited"
    OPEN = "open"
    CLOSED = "closed"


class DeadLetterState(StrEnum):
    """WAITING -> REPLAYED when the broker confirms the replay; REPLAYED -> WAITING when it is dead-lettered again;
    WAITING -> DISCARDED by an administrator."""

    WAITING = "waiting"
    REPLAYED = "replayed"
    DISCARDED = "discarded"
