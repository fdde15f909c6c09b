"""What a password and an account's name must be. Called by actions/accounts.py and actions/passwords.py."""

import re

from shared.foundation.errors import FieldError, Invalid, Message

SHORTEST = 12
LONGEST = 128
_CLASSES = (r"[a-z]", r"[A-Z]", r"[0-9]", r"[^A-Za-z0-9]")
_ACCOUNT = re.compile(r"[a-z][a-z0-9._-]{1,31}")


def check_password(password: str, *, account: str, field: str = "password") -> None:
    """12 characters at least, three of four classes, not the account's name (GB/T 22239: unique accounts, complexity).

    Raises Invalid with a fault for the field.
    """
    wrong = None
    if len(password) < SHORTEST:
        wrong = Message("至少 {count} 个字符", {"count": SHORTEST})
    elif len(password) > LONGEST:
        wrong = Message("不超过 {count} 个字符", {"count": LONGEST})
    elif sum(bool(re.search(kind, password)) for kind in _CLASSES) < 3:
        wrong = Message("须包含大写字母、小写字母、数字、符号中的三类")
    elif account and account in password.lower():
        wrong = Message("不能包含账号")
    if wrong:
        fault = FieldError(f"/{field}", "weak-password", wrong.message, wrong.values)
        raise Invalid("密码不合要求：{fault}。", code="weak-password", faults=[fault], values={"fault": fault})


def check_repeated(password: str, again: str) -> None:
    """The password typed twice. Raises Invalid."""
    if password != again:
        faults = [FieldError("/again", "password-repeat", "与上面的密码不同")]
        raise Invalid("两次输入的密码不一致。", code="password-repeat", faults=faults)


def check_account(account: str, name: str) -> None:
    """An account's name for machines and its owner's name for people. Raises Invalid."""
    faults = []
    if not _ACCOUNT.fullmatch(account):
        words = "2 至 32 位，以小写字母开头，只用小写字母、数字、点、下划线、连字符"
        faults.append(FieldError("/account", "account-name", words))
    if not 2 <= len(name) <= 50:
        faults.append(FieldError("/name", "person-name", "2 至 50 个字"))
    if faults:
        raise Invalid("账号信息不合要求。", code="account-invalid", faults=faults)
