"""What becomes of the fifty in the year of teaching, by their position in the roster. Called by the demo's player."""

from dataclasses import dataclass
from random import Random
from typing import Literal


@dataclass(frozen=True)
class Absence:
    """A half-day missed: module and day counted from 1; `made_up` when the lessons were made up later."""

    module: int
    day: int
    half: Literal["am", "pm"]
    made_up: bool


@dataclass(frozen=True)
class Destiny:
    """One person's year: `results` are the attempts at the assessment in order, none for a person who dropped out."""

    absences: tuple[Absence, ...] = ()
    results: tuple[bool, ...] = (True,)
    drops_out_after_module: int | None = None


def destinies(seed: int, places: int = 50) -> tuple[Destiny, ...]:
    """The destiny of each of `places` (7 at least) roster positions: one drops out, two miss lessons for good, two make
    theirs up, one fails for good, one passes the second time; the others attend and pass.
    """
    rng = Random(f"{seed}:course")
    special = (
        Destiny(results=(), drops_out_after_module=2),
        Destiny(absences=(_absence(rng, False),)),
        Destiny(absences=(_absence(rng, False), _absence(rng, True, module=5))),
        Destiny(absences=(_absence(rng, True),)),
        Destiny(absences=(_absence(rng, True), _absence(rng, True, module=4))),
        Destiny(results=(False, False)),
        Destiny(results=(False, True)),
    )
    positions = dict(zip(rng.sample(range(places), len(special)), special, strict=True))
    return tuple(positions.get(position, Destiny()) for position in range(places))


def _absence(rng: Random, made_up: bool, module: int = 0) -> Absence:
    """In the module given, or one of the first three; every module has two days at least."""
    return Absence(module or rng.randint(1, 3), rng.randint(1, 2), rng.choice(("am", "pm")), made_up)
