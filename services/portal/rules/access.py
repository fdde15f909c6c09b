"""Who may hold which roles, and where a person is sent after signing in. Called by actions/accounts.py and pages/door.py."""

from collections.abc import Collection

from services.portal.states import ROLES
from shared.foundation.errors import Conflict, FieldError, Invalid, Joined, Message

_ALONE = {
    "administrator": Message("系统管理员不兼任业务角色"),
    "auditor": Message("审计查阅不兼任其他角色"),
}


def check_roles(roles: Collection[str]) -> tuple[str, ...]:
    """The roles in the house's order, each once.

    Administrator and auditor stand alone (three separate admin roles, GB/T 22239 level 3); the two finance roles exclude
    each other, because maker and checker differ. Raises Invalid.
    """
    wrong = None if roles else Message("至少选择一个角色")
    if unknown := sorted(set(roles) - set(ROLES)):
        wrong = Message("没有这些角色：{names}", {"names": Joined(unknown, "、")})
    for role, reason in _ALONE.items():
        if role in roles and len(set(roles)) > 1:
            wrong = reason
    if {"finance", "finance_checker"} <= set(roles):
        wrong = Message("财务经办与财务复核须由不同的人担任")
    if wrong:
        fault = FieldError("/roles", "roles", wrong.message, wrong.values)
        raise Invalid("角色不合要求：{fault}。", code="roles", faults=[fault], values={"fault": fault})
    return tuple(role for role in ROLES if role in roles)


def check_an_administrator_remains(others: int, *, was_administrator: bool, stays_administrator: bool) -> None:
    """The house is never left without an administrator. `others`: open accounts of other administrators. Raises Conflict."""
    if was_administrator and not stays_administrator and others == 0:
        raise Conflict("这是唯一的系统管理员，请先任命另一位。", code="last-administrator")


def safe_path(wanted: str) -> str:
    """A path of this house to go on to, else the front page: never another host."""
    local = (
        wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and "\n" not in wanted and "\r" not in wanted
    )
    return wanted if local else "/"
