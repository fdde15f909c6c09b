"""The nouns of an interview schedule and what forbids a meeting: recusal, absence, overlap.

Built by the interview actions from rows, passed to `interview_solver` and `interview_checks`.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Mode(StrEnum):
    ONLINE = "online"
    ON_SITE = "on_site"


MODE_TITLES = {Mode.ONLINE: "线上", Mode.ON_SITE: "现场"}


@dataclass(frozen=True)
class Interval:
    """A stretch of time; the end belongs to what follows."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Candidate:
    """Somebody to be interviewed. `person_index` is the keyed hash of the identity document."""

    id: str
    firm_code: str
    mode: Mode
    person_index: str = ""
    unavailable: tuple[Interval, ...] = ()


@dataclass(frozen=True)
class Judge:
    """A judge with what is declared: the employer's credit code, further firms (shares, advice), related persons."""

    id: str
    name: str
    employer_code: str = ""
    linked_codes: frozenset[str] = frozenset()
    linked_persons: frozenset[str] = frozenset()
    unavailable: tuple[Interval, ...] = ()


@dataclass(frozen=True)
class Panel:
    """Judges who interview together, one candidate at a time, in each of the given modes."""

    id: str
    name: str
    modes: frozenset[Mode]
    judges: tuple[Judge, ...]


@dataclass(frozen=True)
class Slot:
    """A time at which a panel can see one candidate."""

    id: str
    interval: Interval


@dataclass(frozen=True)
class Placement:
    candidate_id: str
    panel_id: str
    slot_id: str


@dataclass(frozen=True)
class Unplaced:
    """A candidate for whom there is no place, with the reason in Chinese."""

    candidate_id: str
    reason: str


@dataclass(frozen=True)
class InterviewProblem:
    """Who waits, and what there is. `kept` are bookings that stay; `slots` must include theirs.

    `least_judges` is the panel that lets the highest and lowest sheet be dropped (scoring rule of the programme).
    """

    candidates: tuple[Candidate, ...]
    panels: tuple[Panel, ...]
    slots: tuple[Slot, ...]
    kept: tuple[Placement, ...] = ()
    least_judges: int = 5


@dataclass(frozen=True)
class Schedule:
    """Every waiting candidate is in exactly one of the two."""

    placements: tuple[Placement, ...]
    unplaced: tuple[Unplaced, ...]


def overlaps(one: Interval, other: Interval) -> bool:
    """Back to back is no overlap."""
    return one.starts_at < other.ends_at and one.ends_at > other.starts_at


def is_linked(judge: Judge, candidate: Candidate) -> bool:
    """Whether the judge must stand aside: by credit code or person index only, as names of firms differ by a character."""
    codes = {judge.employer_code, *judge.linked_codes} - {""}
    persons = judge.linked_persons - {""}
    return candidate.firm_code in codes or candidate.person_index in persons


def is_away(judge: Judge, interval: Interval) -> bool:
    return any(overlaps(away, interval) for away in judge.unavailable)
