"""The ranking of all who were interviewed (notice, clause 5.4.3), as a published formula. Called by actions and
queries.

Total = firm + materials + weighted interview. Each part is rounded as shown, so that the list can be checked by hand.
For equal totals the programme's `tie_order` decides, criterion by criterion:

interview        the interview's points before weighting (the trimmed mean), which rounding of the total may hide
tier             the firm's tier: national 小巨人， municipal 小巨人， 隐形冠军， 专精特新， none
newly_listed     the firm was listed in the programme's own year (notice, clause 2 encourages these)
untrimmed_mean   the plain mean of all sheets
committee        the recorded decision of the committee on exactly these people
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from services.review.rules.scoring import weighted_interview
from shared.events.intake import ScoringRule
from shared.foundation.errors import Invalid, Joined

FORMULA = "2021.1"
TIERS = ("none", "specialised", "hidden_champion", "municipal_little_giant", "national_little_giant")
TITLES = {
    "interview": "面试成绩高者在前",
    "tier": "企业梯度高者在前",
    "newly_listed": "当年新认定企业在前",
    "untrimmed_mean": "全部评分平均高者在前",
    "committee": "评审委员会决定先后",
}
_NO_MATTER = "成绩完全相同，按报名编号列示"


@dataclass(frozen=True)
class Entrant:
    """All inputs for one person's place. Points are hundredths; `interview` and `untrimmed` are of the rubric's sum."""

    key: str
    number: str
    firm: int
    materials: int
    interview: int
    untrimmed: int
    tier: str
    newly_listed: bool


@dataclass(frozen=True)
class Place:
    """One line of the ranking; `note` names the criterion that broke a tie."""

    entrant: Entrant
    rank: int
    weighted: int
    total: int
    outcome: Literal["admitted", "waitlisted", "not_selected"]
    note: str = ""


@dataclass(frozen=True)
class OpenTie:
    """People whom no criterion separates although their order matters; `first` is the best rank among them."""

    keys: tuple[str, ...]
    first: int


_CRITERIA: dict[str, Callable[[Entrant], int]] = {
    "interview": lambda entrant: entrant.interview,
    "tier": lambda entrant: TIERS.index(entrant.tier),
    "newly_listed": lambda entrant: int(entrant.newly_listed),
    "untrimmed_mean": lambda entrant: entrant.untrimmed,
}


@dataclass(frozen=True)
class Formula:
    """The programme's ranking parameters. `decisions` holds the committee's orders of keys, the newest last."""

    rule: ScoringRule
    quota: int
    waiting_places: int
    decisions: Sequence[Sequence[str]] = ()

    def __post_init__(self) -> None:
        if unknown := set(self.rule.tie_order) - {*_CRITERIA, "committee"}:
            raise Invalid(
                "同分规则“{names}”无法识别，请先修订项目。",
                code="tie-order",
                values={"names": Joined(sorted(unknown), "、")},
            )

    @property
    def criteria(self) -> list[str]:
        """The tie criteria up to the committee's decision."""
        return [name for name in self.rule.tie_order if name in _CRITERIA]

    def total(self, entrant: Entrant) -> int:
        """Return the total of 100 points, in hundredths."""
        return entrant.firm + entrant.materials + weighted_interview(entrant.interview, self.rule)

    def merit(self, entrant: Entrant) -> tuple[int, ...]:
        """Return the sort key; greater is better."""
        return (self.total(entrant), *(_CRITERIA[name](entrant) for name in self.criteria))

    def outcome(self, rank: int) -> Literal["admitted", "waitlisted", "not_selected"]:
        """Return the outcome of a rank."""
        if rank <= self.quota:
            return "admitted"
        return "waitlisted" if rank <= self.quota + self.waiting_places else "not_selected"


def rank_entrants(entrants: Sequence[Entrant], formula: Formula) -> tuple[list[Place], list[OpenTie]]:
    """Return all places, and the ties that only the committee can break.

    These are ties across the last seat, and ties on the waiting list, whose order decides promotions. The result does
    not depend on the order of `entrants`.
    """
    ordered: list[Entrant] = []
    ties = []
    decided: set[str] = set()
    for group in _equals(entrants, formula):
        first = len(ordered) + 1
        decision = _decision(group, formula)
        if decision:
            group.sort(key=lambda entrant: decision.index(entrant.key))
            decided |= {entrant.key for entrant in group}
        elif len(group) > 1 and _matters(first, len(group), formula):
            ties.append(OpenTie(tuple(entrant.key for entrant in group), first))
        ordered += group
    places = [_place(ordered, index, formula, decided) for index in range(len(ordered))]
    return places, ties


def boundary(places: Sequence[Place], quota: int) -> list[str]:
    """Return the keys around the last seat: two on each side, and everyone with the last seat's total."""
    if len(places) < quota:
        return []
    last = places[quota - 1].total
    return [place.entrant.key for place in places if abs(place.rank - quota - 0.5) < 2 or place.total == last]


def _equals(entrants: Sequence[Entrant], formula: Formula) -> Iterator[list[Entrant]]:
    best_first = sorted(sorted(entrants, key=lambda entrant: entrant.number), key=formula.merit, reverse=True)
    for _merit, group in groupby(best_first, key=formula.merit):
        yield sorted(group, key=lambda entrant: entrant.number)


def _decision(group: Sequence[Entrant], formula: Formula) -> Sequence[str] | None:
    keys = {entrant.key for entrant in group}
    if len(keys) < 2:
        return None
    return next((order for order in reversed(formula.decisions) if keys <= set(order)), None)


def _matters(first: int, size: int, formula: Formula) -> bool:
    last = first + size - 1
    return last > formula.quota and first <= formula.quota + formula.waiting_places


def _place(ordered: Sequence[Entrant], index: int, formula: Formula, decided: set[str]) -> Place:
    entrant, rank = ordered[index], index + 1
    neighbours = [ordered[near] for near in (index - 1, index + 1) if 0 <= near < len(ordered)]
    tied = [near for near in neighbours if formula.total(near) == formula.total(entrant)]
    notes = dict.fromkeys(_note(entrant, near, formula, decided) for near in tied)
    weighted = weighted_interview(entrant.interview, formula.rule)
    note = f"同分：{'、'.join(notes)}" if notes else ""
    return Place(entrant, rank, weighted, formula.total(entrant), formula.outcome(rank), note)


def _note(one: Entrant, other: Entrant, formula: Formula, decided: set[str]) -> str:
    for name in formula.criteria:
        if _CRITERIA[name](one) != _CRITERIA[name](other):
            return TITLES[name]
    return TITLES["committee"] if {one.key, other.key} <= decided else _NO_MATTER
