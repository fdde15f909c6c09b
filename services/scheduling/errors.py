"""Refusals that several modules of scheduling raise.

Refusal
├── NotFound   Unknown, UnknownProgramme
└── Conflict   Overtaken
"""

from shared.foundation.errors import Conflict, Message, NotFound


class Unknown(NotFound):
    """The row does not exist; `what` is its Chinese noun, such as 候选人."""

    def __init__(self, what: str) -> None:
        super().__init__("没有这个{what}，请刷新页面后重新选择。", code="unknown", values={"what": Message(what)})


class UnknownProgramme(NotFound):
    """The programme does not exist."""

    def __init__(self) -> None:
        super().__init__("没有这个项目，请刷新页面后重新选择。", code="unknown")


class Overtaken(Conflict):
    """The page that the person acted on is out of date."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="overtaken")
