"""Types of the interview problem, and what forbids a meeting: recusal, absence, overlap.

Built by queries/assignments.py from rows; used by `interview_solver` and `interview_checks`.
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
    """A half-open interval of time: the end is excluded."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Candidate:
    """A candidate. `person_index` is the keyed hash of the identity document."""

    id: str
    firm_code: str
    mode: Mode
    person_index: str = ""
    unavailable: tuple[Interval, ...] = ()


@dataclass(frozen=True)
class Judge:
    """A judge with the declared links: the employer's credit code, other firms (shares, advice), related persons."""

    id: str
    name: str
    employer_code: str = ""
    linked_codes: frozenset[str] = frozenset()
    linked_persons: frozenset[str] = frozenset()
    unavailable: tuple[Interval, ...] = ()


@dataclass(frozen=True)
class Panel:
    """Judges who interview together, one candidate at a time, in each of `modes`."""

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
    """A candidate without a place, with the reason in Chinese."""

    candidate_id: str
    reason: str


@dataclass(frozen=True)
class InterviewProblem:
    """The waiting candidates and the resources. `kept` are bookings that stay; `slots` must include theirs.

    `least_judges` is the smallest panel whose highest and lowest sheet may be dropped (scoring rule of the programme).
    """

    candidates: tuple[Candidate, ...]
    panels: tuple[Panel, ...]
    slots: tuple[Slot, ...]
    kept: tuple[Placement, ...] = ()
    least_judges: int = 5


@dataclass(frozen=True)
class Schedule:
    """The result: every waiting candidate is in exactly one of the two."""

    placements: tuple[Placement, ...]
    unplaced: tuple[Unplaced, ...]


def overlaps(one: Interval, other: Interval) -> bool:
    """Return whether two intervals overlap; adjacent ones do not."""
    return one.starts_at < other.ends_at and one.ends_at > other.starts_at


def is_linked(judge: Judge, candidate: Candidate) -> bool:
    """Return whether the judge must be recused. Compares credit codes and person indexes only, because firm names may
    differ by one character."""
    codes = {judge.employer_code, *judge.linked_codes} - {""}
    persons = judge.linked_persons - {""}
    return candidate.firm_code in codes or candidate.person_index in persons


def is_away(judge: Judge, interval: Interval) -> bool:
    return any(overlaps(away, interval) for away in judge.unavailable)
