"""Rows of the table and their measurement. Entries take turns in each round, so that a busy moment affects all alike.

Used by each rows_*.py and by command.py.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from statistics import median

from benchmarks.ground import Ground

# The names of figures end in their unit. A higher rate is better; of every other unit, less is better.
RATE = "/s"


@dataclass(frozen=True)
class Effort:
    """Size of a measurement: rounds, seconds of load in each round, and events in a batch."""

    rounds: int
    seconds: float
    events: int


@dataclass(frozen=True)
class Entry:
    """One implementation of a row's work, ours first. `measure` runs one round and returns figures by name."""

    name: str
    measure: Callable[[], Mapping[str, float]]


@dataclass(frozen=True)
class Row:
    """One comparison. `opened` is a context manager that provides the entries with their servers and processes."""

    key: str
    title: str
    aim: str
    opened: Callable[[Ground, Effort], AbstractContextManager[Sequence[Entry]]]


@dataclass
class Line:
    """The values of one figure of one entry, over all rounds."""

    entry: str
    figure: str
    values: list[float] = field(default_factory=list)

    @property
    def middle(self) -> float:
        """The median of the rounds."""
        return median(self.values)


def measure_row(row: Row, ground: Ground, effort: Effort, report: Callable[[str], None]) -> list[Line]:
    """Measure a row; return its lines, entry by entry. `report` receives a message before each measurement."""
    lines: dict[tuple[str, str], Line] = {}
    with row.opened(ground, effort) as entries:
        order = {entry.name: position for position, entry in enumerate(entries)}
        for number in range(effort.rounds):
            for entry in entries:
                report(f"{row.key}: round {number + 1} of {effort.rounds}, {entry.name}")
                for figure, value in entry.measure().items():
                    lines.setdefault((entry.name, figure), Line(entry.name, figure)).values.append(value)
    return sorted(lines.values(), key=lambda line: order[line.entry])


def times_better(ours: Line, other: Line) -> float:
    """Return how many times better `ours` is: larger for a rate, smaller for every other figure."""
    better, worse = (ours, other) if ours.figure.endswith(RATE) else (other, ours)
    return better.middle / worse.middle
