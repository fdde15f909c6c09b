"""Points of the desk, of a sheet, of an interview and of the total, in whole hundredths. Called by actions, pages and
ranking.py."""

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation

from shared.events.intake import ScoringRule
from shared.foundation.errors import FieldError, Invalid, Joined, Message
from shared.foundation.money import half_up

POINT = 100
_SMALLEST_TRIMMED = 3


def check_desk_points(firm_points: int, materials_points: int, rule: ScoringRule) -> None:
    """Raise Invalid unless both are between 0 and the programme's maximum (notice, clause 5.4.3)."""
    limits = {
        "firm_points": (firm_points, rule.firm_points),
        "materials_points": (materials_points, rule.materials_points),
    }
    titles = {"firm_points": Message("企业信息分"), "materials_points": Message("学员资料分")}
    field_errors = [
        FieldError(
            f"/{name}", "points", "{item}应在 0 到 {greatest} 分之间。", {"item": titles[name], "greatest": greatest}
        )
        for name, (points, greatest) in limits.items()
        if not 0 <= points <= greatest * POINT
    ]
    if field_errors:
        raise Invalid("{faults}", code="points", field_errors=field_errors, values={"faults": Joined(field_errors)})


def sheet_errors(items: Mapping[str, int], rule: ScoringRule) -> list[FieldError]:
    """Return the errors of a sheet: items that are missing, unknown, or beyond their limit."""
    field_errors = [
        FieldError(f"/{name}", "item-unknown", "评分表没有这一项，请删去。")
        for name in items.keys() - rule.interview_items
    ]
    for name, greatest in rule.interview_items.items():
        if name not in items:
            field_errors.append(
                FieldError(f"/{name}", "item-missing", "“{item}”未打分。", {"item": rule.item_titles[name]})
            )
        elif not 0 <= items[name] <= greatest * POINT:
            values = {"item": rule.item_titles[name], "greatest": greatest}
            field_errors.append(FieldError(f"/{name}", "points", "“{item}”应在 0 到 {greatest} 分之间。", values))
    return field_errors


def check_sheet(items: Mapping[str, int], rule: ScoringRule) -> None:
    """Raise Invalid unless the sheet has exactly the rubric's items, each within its limit."""
    if field_errors := sheet_errors(items, rule):
        raise Invalid(
            "评分表有误：{faults}", code="sheet", field_errors=field_errors, values={"faults": Joined(field_errors)}
        )


def mean(totals: Sequence[int]) -> int:
    """Return the plain mean of at least one sheet, halves rounded away from zero."""
    return half_up(Decimal(sum(totals)) / len(totals))


def trimmed_mean(totals: Sequence[int], *, trim_from: int) -> int:
    """Return the mean without one highest and one lowest sheet, if there are at least `trim_from`; else the plain
    mean."""
    if len(totals) < max(trim_from, _SMALLEST_TRIMMED):
        return mean(totals)
    return mean(sorted(totals)[1:-1])


def weighted_interview(points: int, rule: ScoringRule) -> int:
    """Convert an interview's points, of the rubric's sum, to its part of the total."""
    return half_up(Decimal(points) * rule.interview_points / sum(rule.interview_items.values()))


def parse_points(text: str, *, field: str) -> int:
    """Parse typed points such as "27.5" to hundredths. Raises Invalid that names `field`."""
    try:
        points = Decimal(text.strip()) * POINT
        if not points.is_finite() or points != int(points):
            raise InvalidOperation
    except InvalidOperation as error:
        field_errors = [FieldError(f"/{field}", "points", "请填写分数，最多两位小数，例如 27 或 27.5")]
        raise Invalid(
            "分数“{text}”无法识别。", code="points", field_errors=field_errors, values={"text": text[:20]}
        ) from error
    return int(points)


def format_points(points: int | None) -> str:
    """Format hundredths as 91.25."""
    return "—" if points is None else f"{Decimal(points) / POINT:.2f}"
