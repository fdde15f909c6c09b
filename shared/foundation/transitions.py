"""State machines as tables of transitions. The tables are in each service's states.py. Standard library only."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from shared.foundation.errors import Conflict, Message


@dataclass(frozen=True)
class Transition:
    """One allowed step: source (None: the start), target, the acting role and the trigger."""

    source: StrEnum | None
    target: StrEnum
    by: str
    on: str


def check_step(
    table: Iterable[Transition], source: StrEnum | None, target: StrEnum, *, titles: dict[StrEnum, str]
) -> None:
    """Raise Conflict, with the states' Chinese titles, unless the table allows the step."""
    if any(step.source == source and step.target == target for step in table):
        return
    present = titles.get(source, "未开始") if source else "未开始"
    states = {"present": Message(present), "target": Message(titles[target])}
    raise Conflict("当前状态为“{present}”,不能变为“{target}”。", code="state", values=states)
