"""Draws faults from the seed and records them. A run can be repeated with some of them. Called by simulated parts."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from random import Random


class Crash(BaseException):
    """The process ends here. This is no Exception, so that no production code catches it."""


@dataclass(frozen=True)
class Fault:
    """One injected fault: the number of its occasion in the run, its place and its kind."""

    occasion: int
    place: str
    kind: str


class Faults:
    """Decides at each occasion whether a fault happens. `only`: inject faults at these occasions only."""

    def __init__(self, seed: int, *, rate: float, only: Collection[int] | None = None) -> None:
        self._rng = Random(f"{seed}:faults")
        self._rate, self._only = rate, only
        self._occasion = 0
        self.injected: list[Fault] = []

    def at(self, place: str, kinds: Sequence[str]) -> str | None:
        """Return the kind of fault that happens at this occasion, or None."""
        self._occasion += 1
        happens, kind = self._rng.random() < self._rate, self._rng.choice(kinds)
        if not happens or (self._only is not None and self._occasion not in self._only):
            return None
        self.injected.append(Fault(self._occasion, place, kind))
        return kind

    def stop(self) -> None:
        """Inject no more faults."""
        self._rate = 0.0
