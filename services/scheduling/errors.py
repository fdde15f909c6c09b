"""Scheduling's refusals that more than one place raises.

Refusal
├── NotFound   Unknown
└── Conflict   Overtaken
"""

from shared.errors import Conflict, NotFound


class Unknown(NotFound):
    """No such thing here; `what` in Chinese, such as 候选人."""

    def __init__(self, what: str) -> None:
        super().__init__(f"没有这个{what}，请刷新页面后重新选择。", code="unknown")


class Overtaken(Conflict):
    """What the person saw is no longer so."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="overtaken")
