"""Validate programmes and their revisions. Called by services/intake/actions."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from shared.events.intake import FeeLine, PlanRule, Programme, ScoringRule
from shared.foundation.clock import LATEST_DAY, local
from shared.foundation.errors import Conflict, FieldError, Invalid, Joined, Message

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{1,39}")
_LETTER_CODE = re.compile(r"[^\W\d_]{1,20}")
_EARLIEST = date(2000, 1, 1)
_MOMENTS = ("opens_at", "closes_at", "pay_by", "report_at")
# 课时 (lesson hours) are whole numbers. More than twelve in a day is a typing error.
_MOST_HOURS_A_DAY = 12


@dataclass(frozen=True)
class Progress:
    """Milestones of a programme, from other services' events. design.md, decision 10, lists what each one freezes."""

    scored: bool = False
    ranked: bool = False
    admitted: bool = False


def check_revision(old: Programme, new: Programme, *, progress: Progress, now: datetime) -> None:
    """Raise Conflict if a revision changes a frozen part of a programme.

    From the opening on, deadlines and periods can only be extended, and units and required scans are frozen. The first
    score freezes the scoring rule, the ranking freezes the quota, the first admission freezes the fees.
    """
    if new.version != old.version + 1:
        expected = {"version": old.version + 1}
        raise Conflict(
            "修订版本号应为 {version}，请从最新的项目文件开始修改。", code="programme-version", values=expected
        )
    if now < old.opens_at:
        return
    if _differ(old, new, "opens_at", "units", "required_scans"):
        raise Conflict("报名开始后，开始时间、申报单位与材料要求不得更改。", code="programme-frozen")
    lengthen = ("closes_at", "pay_by", "report_at", "promotion_pay_days", "publicity_days")
    if any(getattr(new, name) < getattr(old, name) for name in lengthen):
        raise Conflict("报名开始后，各项截止时间与期限只能延长，不能提前或缩短。", code="programme-deadline")
    if progress.scored and _differ(old, new, "scoring"):
        raise Conflict("面试评分已经开始，评分标准、去高去低规则与同分顺序不得更改。", code="programme-scoring")
    if progress.ranked and _differ(old, new, "quota", "waiting_list_places"):
        raise Conflict("录取排名已经确定，名额与候补人数不得更改。", code="programme-quota")
    if progress.admitted and _differ(old, new, "fee_lines"):
        raise Conflict("已有学员录取，费用标准不得更改。", code="programme-fees")


def _differ(old: Programme, new: Programme, *names: str) -> bool:
    return any(getattr(old, name) != getattr(new, name) for name in names)


def check_programme(programme: Programme) -> None:
    """Raise Invalid if a programme's values contradict each other or its plan is not feasible.

    The refusal carries every error with its JSON pointer.
    """
    errors = list(_moment_errors(programme))
    if not errors:
        errors = [*_deadline_errors(programme), *_number_errors(programme), *_fee_errors(programme.fee_lines)]
        errors += [*_scoring_errors(programme.scoring), *_plan_errors(programme.plan)]
    if errors:
        values = {"count": len(errors), "first": Joined(errors[:3])}
        raise Invalid("项目设置有 {count} 处需要更正。{first}", code="programme", field_errors=errors, values=values)


def _moment_errors(programme: Programme) -> Iterator[FieldError]:
    for name in _MOMENTS:
        if getattr(programme, name).utcoffset() is None:
            yield FieldError(
                f"/{name}", "time-zone", "时间 {name} 须注明时区，例如 2021-12-02T00:00:00+08:00。", {"name": name}
            )
    days = {f"/{name}": getattr(programme, name).date() for name in _MOMENTS}
    days |= {"/plan/first_day": programme.plan.first_day, "/plan/last_day": programme.plan.last_day}
    for field, day in days.items():
        if not _EARLIEST <= day < LATEST_DAY:
            values = {"earliest": _EARLIEST.isoformat(), "latest": LATEST_DAY.isoformat()}
            yield FieldError(field, "date", "日期须在 {earliest} 与 {latest} 之间，请核对年份。", values)


def _deadline_errors(programme: Programme) -> Iterator[FieldError]:
    if programme.opens_at >= programme.closes_at:
        yield FieldError("/closes_at", "window", "截止时间须晚于开始时间。")
    # A ranking is frozen after the window at the earliest, and released after its publicity period.
    if programme.pay_by <= programme.closes_at + timedelta(days=programme.publicity_days):
        yield FieldError("/pay_by", "pay-by", "缴费期限须晚于报名截止和公示期满，否则发布录取结果时已过期。")
    if programme.pay_by > programme.report_at:
        yield FieldError("/pay_by", "pay-by-report", "缴费期限不得晚于报到时间。")
    if local(programme.report_at).date() > programme.plan.last_day:
        yield FieldError("/report_at", "report", "报到时间不得晚于培训周期的最后一天。")


def _number_errors(programme: Programme) -> Iterator[FieldError]:
    # The code is part of key names, file names and URLs.
    if not _CODE.fullmatch(programme.code):
        yield FieldError("/code", "code", "项目编号只能由 2 到 40 个字母、数字和连字符组成，并以字母或数字开头。")
    if not _LETTER_CODE.fullmatch(programme.letter_code):
        yield FieldError("/letter_code", "letter-code", "发文机关代字须为 1 到 20 个汉字或字母，通知书的文号以它开头。")
    least = {
        "quota": (1, Message("名额")),
        "max_per_firm": (1, Message("每家企业人数上限")),
        "promotion_pay_days": (1, Message("递补缴费天数")),
        "waiting_list_places": (0, Message("候补人数")),
        "publicity_days": (0, Message("公示天数")),
    }
    for name, (smallest, title) in least.items():
        if getattr(programme, name) < smallest:
            values = {"title": title, "least": smallest}
            yield FieldError(f"/{name}", name.replace("_", "-"), "{title}至少为 {least}。", values)
    codes = {
        "units": (Message("申报单位"), [unit.code for unit in programme.units]),
        "required_scans": (Message("材料"), [scan.kind for scan in programme.required_scans]),
    }
    for name, (title, listed) in codes.items():
        if len(listed) != len(set(listed)):
            yield FieldError(f"/{name}", name.replace("_", "-"), "{title}代码有重复，请逐项核对。", {"title": title})


def _fee_errors(lines: tuple[FeeLine, ...]) -> Iterator[FieldError]:
    if sorted(line.code for line in lines) != ["central", "municipal", "self"]:
        yield FieldError("/fee_lines", "fee-lines", "费用须恰有中央、市级、自筹三项。")
    if any(line.amount_fen < 0 for line in lines):
        yield FieldError("/fee_lines", "fee-negative", "费用金额不能为负数（单位为分）。")
    if any(line.code == "self" and line.amount_fen == 0 for line in lines):
        yield FieldError("/fee_lines", "fee-self", "学员自筹金额须大于 0（单位为分）。")


def _scoring_errors(scoring: ScoringRule) -> Iterator[FieldError]:
    if sum(scoring.interview_items.values()) != 100:
        yield FieldError("/scoring", "scoring", "面试各项分值之和须为 100。")
    if scoring.firm_points + scoring.materials_points + scoring.interview_points != 100:
        yield FieldError("/scoring", "scoring-parts", "企业信息、学员资料与面试三部分的分值之和须为 100。")
    if min(scoring.firm_points, scoring.materials_points, scoring.interview_points) < 0:
        yield FieldError("/scoring", "scoring-negative", "各部分分值不能为负数。")
    if scoring.item_titles.keys() != scoring.interview_items.keys():
        yield FieldError("/scoring/item_titles", "item-titles", "面试每一项须恰有一个名称。")


def _plan_errors(plan: PlanRule) -> Iterator[FieldError]:
    for name, title in (("practice_percent", Message("实战课时比例")), ("mentor_percent", Message("企业导师比例"))):
        if not 0 <= getattr(plan, name) <= 100:
            yield FieldError(f"/plan/{name}", "percent", "{title}须在 0 到 100 之间。", {"title": title})
    if not 0 <= plan.tolerance_points <= 50:
        yield FieldError("/plan/tolerance_points", "tolerance", "比例允许的偏差须在 0 到 50 个百分点之间。")
    if not 1 <= plan.hours_per_day <= _MOST_HOURS_A_DAY:
        yield FieldError(
            "/plan/hours_per_day", "hours-per-day", "每天课时须在 1 到 {most} 之间。", {"most": _MOST_HOURS_A_DAY}
        )
    elif plan.days * plan.hours_per_day < plan.hours:
        values = {"days": plan.days, "each": plan.hours_per_day, "hours": plan.hours}
        values["most"] = plan.days * plan.hours_per_day
        message = "{days} 天每天 {each} 课时至多 {most} 课时，达不到 {hours} 课时。"
        yield FieldError("/plan/hours", "hours", message, values)
    if plan.first_day > plan.last_day:
        yield FieldError("/plan/last_day", "plan-window", "培训周期的最后一天不能早于第一天。")
    elif not 1 <= plan.min_gap_days <= plan.max_gap_days:
        yield FieldError("/plan/max_gap_days", "gap", "两次集中授课的最短间隔至少为 1 天，且不能长于最长间隔。")
    else:
        yield from _module_errors(plan)


def _module_errors(plan: PlanRule) -> Iterator[FieldError]:
    counts = _module_counts(plan.days, plan.module_days)
    if not counts:
        lengths = Joined(plan.module_days, "、") if plan.module_days else Message("（未填）")
        message = "每次 {lengths} 天的集中授课凑不成 {days} 天，请更改总天数或每次天数。"
        yield FieldError("/plan/module_days", "module-days", message, {"lengths": lengths, "days": plan.days})
        return
    if not 1 <= plan.min_regions <= max(counts):
        message = "至多 {most} 次集中授课，授课地区须在 1 到 {most} 个之间。"
        yield FieldError("/plan/min_regions", "regions", message, {"most": max(counts)})
    shortest = (min(counts) - 1) * plan.min_gap_days + min(plan.module_days)
    if shortest > (plan.last_day - plan.first_day).days + 1:
        values = {"gap": plan.min_gap_days, "count": min(counts), "shortest": shortest}
        message = "按最短间隔 {gap} 天，{count} 次集中授课至少需要 {shortest} 天，超出培训周期。"
        yield FieldError("/plan/last_day", "plan-too-short", message, values)


def _module_counts(days: int, lengths: tuple[int, ...]) -> set[int]:
    """Return the numbers of modules of these lengths (days) that add up to exactly `days`; empty if impossible."""
    if days < 1 or not lengths or min(lengths) < 1:
        return set()
    reached: list[set[int]] = [{0}]
    for total in range(1, days + 1):
        shorter = [reached[total - length] for length in lengths if length <= total]
        reached.append({count + 1 for counts in shorter for count in counts})
    return reached[days]
