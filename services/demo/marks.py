"""Generates the scores of reviewers and judges, with a tie at the last seat. Called by the demo's player."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from random import Random

from services.demo.cohort import Application
from services.demo.programme import programme

TIER_POINTS = {
    "national_little_giant": 22,
    "municipal_little_giant": 18,
    "hidden_champion": 17,
    "specialised": 14,
    "none": 9,
}
PANEL_SIZE = 5


@dataclass(frozen=True)
class Marks:
    """Scores in whole points: firm (0..30), materials (0..20), and one sheet per judge with the points of each item."""

    firm_points: int
    materials_points: int
    sheets: tuple[dict[str, int], ...]

    @property
    def interview(self) -> Fraction:
        """The unrounded mean of the sheets (of 100), without the highest and the lowest."""
        kept = sorted(sum(sheet.values()) for sheet in self.sheets)[1:-1]
        return Fraction(sum(kept), len(kept))

    @property
    def total(self) -> Fraction:
        """The unrounded total (of 100). The interview counts half."""
        return self.firm_points + self.materials_points + self.interview / 2


def marks(applications: Sequence[Application], interviewed: Collection[str], seed: int) -> dict[str, Marks]:
    """Return the marks by platform number. Among the interviewed, two candidates of different tiers tie at rank 50."""
    rng = Random(f"{seed}:marks")
    items: dict[str, int] = programme()["scoring"]["interview_items"]
    by_number = {one.platform_no: _marks(rng, one, items) for one in applications}
    tiers = {one.platform_no: one.body["firm"]["tier"] for one in applications if one.platform_no in interviewed}
    _tie_at_the_last_seat(by_number, tiers, programme()["quota"])
    return by_number


def _marks(rng: Random, one: Application, items: dict[str, int]) -> Marks:
    ability = min(96.0, max(45.0, rng.gauss(79, 8)))
    return Marks(
        firm_points=TIER_POINTS[one.body["firm"]["tier"]] + rng.randint(0, 8),
        materials_points=rng.randint(9, 20),
        sheets=tuple(_sheet(rng, ability + rng.gauss(0, 3), items) for _ in range(PANEL_SIZE)),
    )


def _sheet(rng: Random, impression: float, items: dict[str, int]) -> dict[str, int]:
    return {
        item: min(greatest, max(0, round(greatest * (impression + rng.gauss(0, 5)) / 100)))
        for item, greatest in items.items()
    }


def _tie_at_the_last_seat(by_number: dict[str, Marks], tiers: dict[str, str], quota: int) -> None:
    """Give the best candidate of another tier below the quota the marks of the last seat, with the sheets reversed."""
    ranked = sorted(tiers, key=lambda number: (-by_number[number].total, -by_number[number].interview))
    if len(ranked) <= quota:
        return
    last = ranked[quota - 1]
    twin = next(number for number in ranked[quota:] if tiers[number] != tiers[last])
    by_number[twin] = replace(by_number[last], sheets=by_number[last].sheets[::-1])
