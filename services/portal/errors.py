"""Refusals that several of the portal's modules raise.

Refusal
├── NotFound    UnknownAccount, UnknownLink, UnknownApplicant, UnknownDeadLetter
└── Forbidden   WrongPassword, LockedOut
"""

from shared.foundation.errors import Forbidden, NotFound


class UnknownAccount(NotFound):
    """No account has this name."""

    def __init__(self) -> None:
        super().__init__("没有这个账号。", code="unknown-account")


class UnknownLink(NotFound):
    """The one-time link was used, has expired, or never existed."""

    def __init__(self) -> None:
        super().__init__("链接已使用或已过期。请联系管理员重新发放。", code="unknown-link")


class UnknownApplicant(NotFound):
    """No event about an application with this id was consumed."""

    def __init__(self) -> None:
        super().__init__("没有这份报名的记录。", code="unknown-applicant")


class UnknownDeadLetter(NotFound):
    """No dead letter has this key."""

    def __init__(self) -> None:
        super().__init__("没有这条消息。", code="unknown-dead-letter")


class WrongPassword(Forbidden):
    """The account does not exist, is closed, or has another password. The refusal does not reveal which."""

    def __init__(self) -> None:
        super().__init__("账号或密码不正确。", code="wrong-password")


class LockedOut(Forbidden):
    """Too many failed login attempts for an account or from an address. `minutes`: until the next attempt."""

    def __init__(self, minutes: int) -> None:
        super().__init__(
            "尝试次数过多，已暂停登录。请在 {minutes} 分钟后再试，或联系管理员。",
            code="locked-out",
            values={"minutes": minutes},
        )
