"""Validate passwords and account names. Called by actions/accounts.py, actions/passwords.py and pages/login.py."""

import re

from shared.foundation.errors import FieldError, Invalid, Message

SHORTEST = 12
LONGEST = 128
_CLASSES = (r"[a-z]", r"[A-Z]", r"[0-9]", r"[^A-Za-z0-9]")
_ACCOUNT = re.compile(r"[a-z][a-z0-9._-]{1,31}")


def check_password(password: str, *, account: str, field: str = "password") -> None:
    """Validate a password: 12 to 128 characters of at least three classes, without the account's name (GB/T 22239).

    Raises Invalid with an error for `field`.
    """
    message = None
    if len(password) < SHORTEST:
        message = Message("至少 {count} 个字符", {"count": SHORTEST})
    elif len(password) > LONGEST:
        message = Message("不超过 {count} 个字符", {"count": LONGEST})
    elif sum(bool(re.search(kind, password)) for kind in _CLASSES) < 3:
        message = Message("须包含大写字母、小写字母、数字、符号中的三类")
    elif account and account in password.lower():
        message = Message("不能包含账号")
    if message:
        error = FieldError(f"/{field}", "weak-password", message.message, message.values)
        raise Invalid("密码不合要求：{fault}。", code="weak-password", field_errors=[error], values={"fault": error})


def check_repeated(password: str, again: str) -> None:
    """Check that both entries of a new password are equal. Raises Invalid."""
    if password != again:
        errors = [FieldError("/again", "password-repeat", "与上面的密码不同")]
        raise Invalid("两次输入的密码不一致。", code="password-repeat", field_errors=errors)


def check_account(account: str, name: str) -> None:
    """Validate an account name and its owner's name. Raises Invalid."""
    errors = []
    if not _ACCOUNT.fullmatch(account):
        message = "2 至 32 位，以小写字母开头，只用小写字母、数字、点、下划线、连字符"
        errors.append(FieldError("/account", "account-name", message))
    if not 1 <= len(name) <= 100:
        errors.append(FieldError("/name", "person-name", "1 至 100 个字"))
    if errors:
        raise Invalid("账号信息不合要求。", code="account-invalid", field_errors=errors)
