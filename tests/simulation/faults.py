"""What goes wrong, and when: drawn by the seed, recorded, and repeatable with fewer of them. Asked by the simulated edges."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from random import Random


class Crash(BaseException):
    """The process ends here. No Exception: nothing in the house may catch it."""


@dataclass(frozen=True)
class Fault:
    """One thing that went wrong: at which occasion of the run, where, and what."""

    occasion: int
    place: str
    kind: str


class Faults:
    """Asked at every occasion at which something may go wrong. `only` keeps the faults of those occasions alone."""

    def __init__(self, seed: int, *, rate: float, only: Collection[int] | None = None) -> None:
        self._rng = Random(f"{seed}:faults")
        self._rate, self._only = rate, only
        self._occasion = 0
        self.injected: list[Fault] = []

    def at(self, place: str, kinds: Sequence[str]) -> str | None:
        """The kind of fault that happens here, or None."""
        self._occasion += 1
        happens, kind = self._rng.random() < self._rate, self._rng.choice(kinds)
        if not happens or (self._only is not None and self._occasion not in self._only):
            return None
        self.injected.append(Fault(self._occasion, place, kind))
        return kind

    def stop(self) -> None:
        """From now on everything works."""
        self._rate = 0.0
