"""Validate roles, and the redirect target after login. Called by actions/accounts.py and pages/login.py."""

from collections.abc import Collection
from typing import get_args

from shared.foundation.errors import Conflict, FieldError, Invalid, Joined, Message
from shared.wiring.registry import ROLES, Role

FOLLOWERS: tuple[Role, ...] = tuple(role for role in get_args(Role) if role != "judge")
"""Roles that may see an applicant's timeline. Judges may not: they score candidates, whom they see in review."""

_EXCLUSIVE = {
    "administrator": Message("系统管理员不兼任业务角色"),
    "auditor": Message("审计查阅不兼任其他角色"),
}


def check_roles(roles: Collection[str]) -> tuple[str, ...]:
    """Return the roles in the order of ROLES, without duplicates.

    Administrator and auditor cannot have other roles (three separate admin roles, GB/T 22239 level 3). The two finance
    roles exclude each other, because maker and checker must differ. Raises Invalid.
    """
    message = None if roles else Message("至少选择一个角色")
    if unknown := sorted(set(roles) - set(ROLES)):
        message = Message("没有这些角色：{names}", {"names": Joined(unknown, "、")})
    for role, reason in _EXCLUSIVE.items():
        if role in roles and len(set(roles)) > 1:
            message = reason
    if {"finance", "finance_checker"} <= set(roles):
        message = Message("财务经办与财务复核须由不同的人担任")
    if message:
        error = FieldError("/roles", "roles", message.message, message.values)
        raise Invalid("角色不合要求：{fault}。", code="roles", field_errors=[error], values={"fault": error})
    return tuple(role for role in get_args(Role) if role in roles)


def check_an_administrator_remains(others: int, *, was_administrator: bool, stays_administrator: bool) -> None:
    """Raise Conflict if no administrator would remain. `others`: number of other open administrator accounts."""
    if was_administrator and not stays_administrator and others == 0:
        raise Conflict("这是唯一的系统管理员，请先任命另一位。", code="last-administrator")


def safe_path(path: str) -> str:
    """Return the path if it is local to this host, otherwise "/"."""
    is_local = path.startswith("/") and not path.startswith(("//", "/\\")) and "\n" not in path and "\r" not in path
    return path if is_local else "/"
