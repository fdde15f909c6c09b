"""Scheduling's refusals that more than one place raises.

Refusal
├── NotFound   Unknown, UnknownProgramme
└── Conflict   Overtaken
"""

from shared.foundation.errors import Conflict, Message, NotFound


class Unknown(NotFound):
    """No such thing here; `what` in Chinese, such as 候选人."""

    def __init__(self, what: str) -> None:
        super().__init__("没有这个{what}，请刷新页面后重新选择。", code="unknown", values={"what": Message(what)})


class UnknownProgramme(NotFound):
    """No such programme here."""

    def __init__(self) -> None:
        super().__init__("没有这个项目，请刷新页面后重新选择。", code="unknown")


class Overtaken(Conflict):
    """What the person saw is no longer so."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="overtaken")
