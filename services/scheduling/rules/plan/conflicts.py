"""Explains why no teaching plan exists: a minimal set of contradicting rules, with the notice's wording.

Called by `teaching_plan` when the search proves that there is no plan.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from services.scheduling.rules.plan.values import PlanConstraints, PlanRule, Progress
from shared.foundation.errors import Conflict

# Order of removal attempts: first each whole row, then one by one. Many conflicts do not involve dates, and without
# dates the rest is decided at once. Within a row the rule that an office can change most easily comes last, so that it
# remains in the answer.
ROWS = (
    (
        PlanRule.NO_HOLIDAY,
        PlanRule.WITHIN_CYCLE,
        PlanRule.GAP,
        PlanRule.FIRST_MODULE,
        PlanRule.VENUES,
        PlanRule.TEACHERS,
        PlanRule.BLOCKED_DATES,
    ),
    (PlanRule.SITE_SHARE, PlanRule.MENTOR_SHARE, PlanRule.PRACTICE_SHARE, PlanRule.REGIONS),
    (PlanRule.MODULE_LENGTH, PlanRule.TOTAL_HOURS, PlanRule.TOTAL_DAYS),
)
ONE_BY_ONE = tuple(frozenset({rule}) for row in reversed(ROWS) for rule in row)
RULES_OF_THE_SEARCH = frozenset(rule for row in ROWS for rule in row)


@dataclass(frozen=True)
class PlanConflict:
    """One of the contradicting rules, as a Chinese sentence that quotes its clause."""

    rule: PlanRule
    sentence: str


@dataclass
class Infeasible(Conflict):
    """No plan satisfies all rules; dropping or easing any one of `conflicts` would resolve this contradiction."""

    message: str = ""
    code: str = "plan_infeasible"
    conflicts: tuple[PlanConflict, ...] = ()


def explain(
    constraints: PlanConstraints, impossible: Callable[[frozenset[PlanRule]], bool], progress: Progress
) -> Infeasible:
    """Explain infeasibility by a deletion filter: remove every rule without which the rest is still impossible.

    `impossible` decides a set of rules; if it is undecided it returns False, and the rule stays in the answer.
    """
    rules = RULES_OF_THE_SEARCH
    attempts = [*(frozenset(row) for row in ROWS), *ONE_BY_ONE]
    for tried, removed in enumerate(attempts, start=1):
        progress(f"排不出教学计划，正在查找互相冲突的要求（{tried}/{len(attempts)}）")
        if rules & removed and impossible(rules - removed):
            rules -= removed
    conflicts = tuple(PlanConflict(rule, rule_sentence(rule, constraints)) for rule in PlanRule if rule in rules)
    listed = "".join(f"（{n}）{conflict.sentence}；" for n, conflict in enumerate(conflicts, start=1))
    return Infeasible(
        message=f"下列要求不能同时满足，排不出教学计划：{listed}请至少放宽其中一项后重新编排。", conflicts=conflicts
    )


def rule_sentence(rule: PlanRule, constraints: PlanConstraints) -> str:
    """Return the rule as a Chinese sentence, with its clause of the notice or the remark that it is the office's own.

    If no clauses are quoted, the sentence does not mention the notice.
    """
    sentence, clause = _requirements(constraints)[rule], constraints.clauses.get(rule)
    if clause:
        return f"{sentence}（通知原文：“{clause}”）"
    return f"{sentence}（通知未作规定，由办班单位设定）" if constraints.clauses else sentence


def _requirements(c: PlanConstraints) -> dict[PlanRule, str]:
    return {
        PlanRule.TOTAL_DAYS: f"集中授课共 {c.total_days} 天",
        PlanRule.TOTAL_HOURS: f"总课时不少于 {c.min_hours} 课时，每天上午 {c.am_hours}、下午 {c.pm_hours} 课时",
        PlanRule.MODULE_LENGTH: f"每次授课 {_span(c.min_module_days, c.max_module_days)} 天",
        PlanRule.FIRST_MODULE: f"首次开课日期为 {_span(c.first_from, c.first_until)}",
        PlanRule.GAP: f"相邻两次开课间隔 {_span(c.min_gap_days, c.max_gap_days)} 天",
        PlanRule.WITHIN_CYCLE: f"全部课程在开课后 {c.cycle_days} 天内完成",
        PlanRule.NO_HOLIDAY: "法定节假日放假期间不授课",
        PlanRule.BLOCKED_DATES: f"已设定 {len(c.blocked_dates)} 天不得授课",
        PlanRule.REGIONS: f"至少在 {c.min_regions} 个地区授课",
        PlanRule.PRACTICE_SHARE: f"实战课时占 {c.practice_percent}%，允许偏差 {c.practice_tolerance} 个百分点",
        PlanRule.SITE_SHARE: f"实战课时中企业现场教学不少于 {c.min_site_percent_of_practice}%",
        PlanRule.MENTOR_SHARE: f"企业导师课时占 {c.mentor_percent}%，允许偏差 {c.mentor_tolerance} 个百分点",
        PlanRule.TEACHERS: "授课教师须在其可授课的地区和日期内",
        PlanRule.VENUES: "授课场地须可用，企业参观只安排在该企业的工作日",
        PlanRule.DOUBLE_BOOKING: "同一时段，班级、教师和场地都只能安排一次",
    }


def _span(least: date | int, most: date | int) -> str:
    return f"{least}" if least == most else f"{least} 至 {most}"
