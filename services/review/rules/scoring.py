"""Points: of the desk, of a sheet, of an interview, of the whole. All in whole hundredths. Called by actions, pages and ranking.py."""

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation

from shared.events.intake import ScoringRule
from shared.foundation.errors import FieldError, Invalid, Joined, Message
from shared.foundation.money import half_up

POINT = 100
_SMALLEST_TRIMMED = 3


def check_desk_points(firm_points: int, materials_points: int, rule: ScoringRule) -> None:
    """Raises Invalid unless both lie between nothing and the programme's greatest (notice, clause 5.4.3)."""
    given = {
        "firm_points": (firm_points, rule.firm_points),
        "materials_points": (materials_points, rule.materials_points),
    }
    titles = {"firm_points": Message("企业信息分"), "materials_points": Message("学员资料分")}
    faults = [
        FieldError(
            f"/{name}", "points", "{item}应在 0 到 {greatest} 分之间。", {"item": titles[name], "greatest": greatest}
        )
        for name, (points, greatest) in given.items()
        if not 0 <= points <= greatest * POINT
    ]
    if faults:
        raise Invalid("{faults}", code="points", faults=faults, values={"faults": Joined(faults)})


def sheet_faults(items: Mapping[str, int], rule: ScoringRule) -> list[FieldError]:
    """What is wrong with a sheet, item by item: one that is missing, unknown, or beyond its limit."""
    faults = [
        FieldError(f"/{name}", "item-unknown", "评分表没有这一项，请删去。")
        for name in items.keys() - rule.interview_items
    ]
    for name, greatest in rule.interview_items.items():
        if name not in items:
            faults.append(FieldError(f"/{name}", "item-missing", "“{item}”未打分。", {"item": rule.item_titles[name]}))
        elif not 0 <= items[name] <= greatest * POINT:
            values = {"item": rule.item_titles[name], "greatest": greatest}
            faults.append(FieldError(f"/{name}", "points", "“{item}”应在 0 到 {greatest} 分之间。", values))
    return faults


def check_sheet(items: Mapping[str, int], rule: ScoringRule) -> None:
    """Raises Invalid unless every item of the rubric, and no other, has points within its limit."""
    if faults := sheet_faults(items, rule):
        raise Invalid("评分表有误：{faults}", code="sheet", faults=faults, values={"faults": Joined(faults)})


def mean(totals: Sequence[int]) -> int:
    """The plain mean of at least one sheet, halves away from zero."""
    return half_up(Decimal(sum(totals)) / len(totals))


def trimmed_mean(totals: Sequence[int], *, trim_from: int) -> int:
    """The mean without one highest and one lowest sheet, if at least `trim_from` sheets came in; else the plain mean."""
    if len(totals) < max(trim_from, _SMALLEST_TRIMMED):
        return mean(totals)
    return mean(sorted(totals)[1:-1])


def weighted_interview(points: int, rule: ScoringRule) -> int:
    """An interview's points, of the rubric's sum, as part of the total."""
    return half_up(Decimal(points) * rule.interview_points / sum(rule.interview_items.values()))


def typed_points(text: str, *, field: str) -> int:
    """Points as typed ("27.5") in hundredths. Raises Invalid, naming the field."""
    try:
        points = Decimal(text.strip()) * POINT
        if not points.is_finite() or points != int(points):
            raise InvalidOperation
    except InvalidOperation as fault:
        faults = [FieldError(f"/{field}", "points", "请填写分数，最多两位小数，例如 27 或 27.5")]
        raise Invalid("分数“{text}”无法识别。", code="points", faults=faults, values={"text": text[:20]}) from fault
    return int(points)


def shown_points(points: int | None) -> str:
    """Hundredths as people read them: 91.25."""
    return "—" if points is None else f"{Decimal(points) / POINT:.2f}"
