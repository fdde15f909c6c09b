"""Refusals that several modules of review raise.

Refusal
├── NotFound   UnknownCase, UnknownProgramme, UnknownWorkItem
├── Forbidden  SecondPersonNeeded
└── Conflict   RankingFrozen, NoSeatFree
"""

from shared.foundation.errors import Conflict, Forbidden, Message, NotFound


class UnknownCase(NotFound):
    """The application has no case."""

    def __init__(self) -> None:
        super().__init__("没有这份评审案卷，请从案卷列表重新打开。", code="unknown-case")


class UnknownProgramme(NotFound):
    """No programme has this code."""

    def __init__(self, code: str) -> None:
        super().__init__("没有编号为“{code}”的项目，请核对项目编号。", code="unknown-programme", values={"code": code})


class UnknownWorkItem(NotFound):
    """The work item does not exist, or it is closed."""

    def __init__(self) -> None:
        super().__init__("没有这项待办，或已由他人办结。请刷新待办列表。", code="unknown-work-item")


class SecondPersonNeeded(Forbidden):
    """The step must be taken by another person than the one who prepared it."""

    def __init__(self, prepared: str) -> None:
        super().__init__(
            "{prepared}须由另一位评审委员会成员办理，同一人不能既提出又确认。",
            code="second-person",
            values={"prepared": Message(prepared)},
        )


class RankingFrozen(Conflict):
    """Scores can no longer change."""

    def __init__(self) -> None:
        super().__init__("排名已冻结，评分不能再更改。", code="ranking-frozen")


class NoSeatFree(Conflict):
    """The quota is used up."""

    def __init__(self, quota: int) -> None:
        super().__init__("名额 {quota} 个已全部在册，没有空出的名额。", code="no-seat-free", values={"quota": quota})
