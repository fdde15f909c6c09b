"""Rows of the table and how they are measured: everybody in turn, round after round, so that a busy moment hits all alike.

Used by each rows_*.py and by __main__.py.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from statistics import median

from benchmarks.ground import Ground

# Figures end in their unit; more of these is better, of every other unit less is.
RATE = "/s"


@dataclass(frozen=True)
class Effort:
    """How long to measure: rounds, seconds of load in each, and events of a batch that is waited for."""

    rounds: int = 3
    seconds: float = 3.0
    events: int = 5000


@dataclass(frozen=True)
class Entry:
    """One way to do a row's work; `measure` does one round and returns its figures by name, ours first in a row."""

    name: str
    measure: Callable[[], Mapping[str, float]]


@dataclass(frozen=True)
class Row:
    """One comparison. `opened` holds what the entries run on for as long as they are measured."""

    key: str
    title: str
    aim: str
    opened: Callable[[Ground, Effort], AbstractContextManager[Sequence[Entry]]]


@dataclass
class Line:
    """One figure of one entry, over all rounds."""

    entry: str
    figure: str
    values: list[float] = field(default_factory=list)

    @property
    def middle(self) -> float:
        """The median of the rounds."""
        return median(self.values)


def measured(row: Row, ground: Ground, effort: Effort, told: Callable[[str], None]) -> list[Line]:
    """The row's lines, entry by entry; `told` hears of each round."""
    lines: dict[tuple[str, str], Line] = {}
    with row.opened(ground, effort) as entries:
        order = {entry.name: place for place, entry in enumerate(entries)}
        for number in range(effort.rounds):
            for entry in entries:
                told(f"{row.key}: round {number + 1} of {effort.rounds}, {entry.name}")
                for figure, value in entry.measure().items():
                    lines.setdefault((entry.name, figure), Line(entry.name, figure)).values.append(value)
    return sorted(lines.values(), key=lambda line: order[line.entry])


def times_better(ours: Line, other: Line) -> float:
    """How many times better the first is: faster where the figure is a rate, smaller where it is not."""
    better, worse = (ours, other) if ours.figure.endswith(RATE) else (other, ours)
    return better.middle / worse.middle
