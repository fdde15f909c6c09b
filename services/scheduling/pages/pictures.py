"""Chart data of the course: a timeline, a year grid, and statistics against the rules. Used by the pages."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from services.scheduling.models import Lesson
from services.scheduling.rules.calendar import Calendar, DayKind
from services.scheduling.rules.plan.checks import Shortfall
from services.scheduling.rules.plan.stats import PlanStats
from services.scheduling.rules.plan.values import PlanConstraints, PlanRule
from shared.dashboard import t
from shared.dashboard.templating import month as shown_month
from shared.events import intake

TONES = ("blue", "teal", "orange", "purple", "azure", "green", "pink", "yellow")


@dataclass(frozen=True)
class ModuleSpan:
    """One module, for a chart."""

    number: int
    region: str
    days: tuple[date, ...]
    hours: int


def module_spans(lessons: Iterable[Lesson]) -> list[ModuleSpan]:
    """Group lessons into modules, in order."""
    by_number: dict[int, list[Lesson]] = {}
    for lesson in lessons:
        by_number.setdefault(lesson.module, []).append(lesson)
    return [
        ModuleSpan(
            number,
            group[0].region,
            tuple(sorted({lesson.on for lesson in group})),
            sum(lesson.hours for lesson in group),
        )
        for number, group in sorted(by_number.items())
    ]


def course_timeline(lessons: Iterable[Lesson], plan: intake.PlanRule, *, today: date) -> dict[str, Any] | None:
    """Return the data of `charts.timeline`: a lane per region, a span per module, a tick per month; None without
    lessons."""
    return timeline(module_spans(lessons), plan.first_day, plan.last_day, today=today)


def timeline(modules: Sequence[ModuleSpan], first: date, last: date, *, today: date) -> dict[str, Any] | None:
    """Return the data of `charts.timeline` for modules; see `course_timeline`."""
    if not modules:
        return None
    first = min(first, modules[0].days[0]).replace(day=1)
    last = max(last, modules[-1].days[-1])
    total_days = (last - first).days + 1

    def at(day: date) -> float:
        return 100 * (day - first).days / total_days

    regions = list(dict.fromkeys(one.region for one in modules))
    lanes = [
        {
            "label": region,
            "spans": [
                {
                    "from": at(one.days[0]),
                    # Two or three days of a year are narrower than the number shown on them.
                    "to": max(at(one.days[-1]) + 100 / total_days, at(one.days[0]) + 4.8),
                    "label": t("第{number}次", number=one.number),
                    "title": t(
                        "第 {number} 次：{first} 起 {days} 天，{hours} 课时",
                        number=one.number,
                        first=one.days[0],
                        days=len(one.days),
                        hours=one.hours,
                    ),
                    "tone": "secondary" if one.days[-1] < today else TONES[regions.index(region) % len(TONES)],
                }
                for one in modules
                if one.region == region
            ],
        }
        for region in regions
    ]
    ticks = [{"at": at(month), "label": shown_month(month)} for month in _months(first, last)]
    return {"lanes": lanes, "ticks": ticks, "now": at(today) if first <= today <= last else None}


def year_grid(modules: Sequence[ModuleSpan], calendar: Calendar, *, today: date) -> list[dict[str, Any]]:
    """Return a line per month and a cell per day, with the module on that day or the kind of day."""
    if not modules:
        return []
    regions = list(dict.fromkeys(one.region for one in modules))
    taught = {day: one for one in modules for day in one.days}
    lines = []
    for month in _months(modules[0].days[0].replace(day=1), modules[-1].days[-1]):
        cells = [_cell(month + timedelta(days=n), taught, regions, calendar, today) for n in range(31)]
        month_cells = [cell for cell in cells if cell["month"] == month.month]
        lines.append({"label": t("{year}年{month}月", year=month.year, month=month.month), "cells": month_cells})
    return lines


def _cell(
    day: date, taught: dict[date, ModuleSpan], regions: list[str], calendar: Calendar, today: date
) -> dict[str, Any]:
    entry = calendar.get(day)
    kind = entry.kind if entry else DayKind.WORKING
    one = taught.get(day)
    cell = {"day": day.day, "month": day.month, "kind": str(kind), "today": day == today, "tone": "", "title": ""}
    if one:
        cell["tone"] = TONES[regions.index(one.region) % len(TONES)]
        cell["title"] = f"{day} {t('第 {number} 次集中授课 · {region}', number=one.number, region=one.region)}"
    elif entry and entry.holiday:
        cell["title"] = f"{day:%Y-%m-%d} {entry.holiday}"
    return cell


def stat_lines(stats: PlanStats, wanted: PlanConstraints, shortfalls: Sequence[Shortfall]) -> list[dict[str, object]]:
    """Return each statistic of a plan, its required value, and whether it is met; empty for a plan without lessons."""
    if not stats.modules:
        return []
    broken = {shortfall.rule for shortfall in shortfalls}
    practice, mentor = wanted.practice_percent, wanted.mentor_percent
    gaps = _days(min(stats.gaps), max(stats.gaps)) if stats.gaps else "—"
    lines = (
        ("授课天数", t("{count} 天", count=stats.days), t("{count} 天", count=wanted.total_days), PlanRule.TOTAL_DAYS),
        ("课时", f"{stats.hours}", f"≥ {wanted.min_hours}", PlanRule.TOTAL_HOURS),
        (
            "集中授课",
            t("{count} 次", count=stats.modules),
            _days(wanted.min_module_days, wanted.max_module_days),
            PlanRule.MODULE_LENGTH,
        ),
        ("间隔", gaps, _days(wanted.min_gap_days, wanted.max_gap_days), PlanRule.GAP),
        (
            "实战课时",
            f"{stats.practice_percent}%",
            f"{practice}% ± {wanted.practice_tolerance}",
            PlanRule.PRACTICE_SHARE,
        ),
        (
            "实战中的企业现场",
            f"{stats.site_percent_of_practice}%",
            f"≥ {wanted.min_site_percent_of_practice}%",
            PlanRule.SITE_SHARE,
        ),
        (
            "企业导师（按课时）",
            f"{stats.mentor_percent_by_hours}%",
            f"{mentor}% ± {wanted.mentor_tolerance}",
            PlanRule.MENTOR_SHARE,
        ),
        ("企业导师（按人数）", f"{stats.mentor_percent_by_headcount}%", "仅供参考", None),
        ("授课地区", "、".join(stats.regions), f"≥ {wanted.min_regions}", PlanRule.REGIONS),
        ("占用工作日", t("{count} 天", count=stats.working_days_lost), "仅供参考", None),
    )
    return [
        {"label": label, "shown": shown, "wanted": asked, "kept": rule not in broken, "checked": rule is not None}
        for label, shown, asked, rule in lines
    ]


def _days(least: int, most: int) -> str:
    return t("{least}–{most} 天", least=least, most=most)


def _months(first: date, last: date) -> list[date]:
    months, month = [], first.replace(day=1)
    while month <= last:
        months.append(month)
        month = (month + timedelta(days=32)).replace(day=1)
    return months
