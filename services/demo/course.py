"""Plans absences, results and drop-outs of the teaching year by roster position. Called by the demo's player."""

from dataclasses import dataclass
from random import Random
from typing import Literal


@dataclass(frozen=True)
class Absence:
    """A missed half-day. `module` and `day` count from 1. `made_up`: the student made up the lessons later."""

    module: int
    day: int
    half: Literal["am", "pm"]
    made_up: bool


@dataclass(frozen=True)
class StudentYear:
    """One student's year. `results`: the assessment attempts in order, empty for a student who dropped out."""

    absences: tuple[Absence, ...] = ()
    results: tuple[bool, ...] = (True,)
    drops_out_after_module: int | None = None


def student_years(seed: int, places: int = 50) -> tuple[StudentYear, ...]:
    """Return the planned year for each of `places` roster positions; `places` is at least 7.

    One student drops out, two miss lessons for good, two make them up, one fails twice, one passes the second attempt.
    All others attend and pass.
    """
    rng = Random(f"{seed}:course")
    special = (
        StudentYear(results=(), drops_out_after_module=2),
        StudentYear(absences=(_absence(rng, False),)),
        StudentYear(absences=(_absence(rng, False), _absence(rng, True, module=5))),
        StudentYear(absences=(_absence(rng, True),)),
        StudentYear(absences=(_absence(rng, True), _absence(rng, True, module=4))),
        StudentYear(results=(False, False)),
        StudentYear(results=(False, True)),
    )
    positions = dict(zip(rng.sample(range(places), len(special)), special, strict=True))
    return tuple(positions.get(position, StudentYear()) for position in range(places))


def _absence(rng: Random, made_up: bool, module: int = 0) -> Absence:
    """Return an absence in `module`, or in one of the first three if it is 0. Every module has at least two days."""
    return Absence(module or rng.randint(1, 3), rng.randint(1, 2), rng.choice(("am", "pm")), made_up)
