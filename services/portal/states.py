"""States of accounts and dead letters, and the titles of roles and services. Standard library only."""

from enum import StrEnum
from typing import Final


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


SERVICES: dict[str, str] = {
    "intake": "报名受理",
    "review": "材料审核",
    "scheduling": "面试与教学",
    "billing": "财务",
    "portal": "工作台",
}

ROLES: dict[str, str] = {
    "intake": "报名受理",
    "reviewer": "材料审核",
    "committee": "遴选委员会",
    "judge": "面试评委",
    "scheduler": "面试与教学安排",
    "registrar": "报到与学籍",
    "finance": "财务经办",
    "finance_checker": "财务复核",
    "auditor": "审计查阅（只读）",
    "administrator": "系统管理员",
}

FOLLOWERS: Final = (
    "intake",
    "reviewer",
    "committee",
    "scheduler",
    "registrar",
    "finance",
    "finance_checker",
    "auditor",
    "administrator",
)
"""Roles that may see an applicant's timeline. Judges may not: they score candidates, whom they see in review."""
