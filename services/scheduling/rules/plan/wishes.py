"""Objective of the plan model: the soft constraints that make one valid plan better than another, as costs.

Called by `teaching_plan`. The notice has none of them: the weights are the office's (domain reading, section five).
"""

from datetime import timedelta

from ortools.sat.python import cp_model

from services.scheduling.rules.calendar import is_adjusted_working_day, is_working_day
from services.scheduling.rules.plan.model import Expression, ModuleVars, PlanModel
from services.scheduling.rules.plan.values import LessonKind, TeacherKind

# Only the relative order matters: a lost working day costs more than a journey, a journey more than a bad lesson order.
LOST_WORKING_DAY = 30
NEAR_ADJUSTED_DAY = 20
AWAY_MODULE = 20
THEORY_AFTER_PRACTICE = 10
ONE_SIDED_MODULE = 10
THEORY_BY_MENTOR = 5


def add_objective(plan: PlanModel) -> None:
    """Minimise lost working days, days near exchanged weekends and travel; prefer theory first, and both kinds in each
    module."""
    costs: list[Expression] = []
    for module in plan.modules:
        costs += [_cost_of_dates(plan, day, length) * var for (day, length), var in module.starts.items()]
        home = module.regions.get(plan.wanted.home_region)
        if home is not None:
            costs.append(AWAY_MODULE * (module.used - home))
        costs += _costs_of_lessons(plan.model, module)
    plan.model.minimize(sum(costs))


def _cost_of_dates(plan: PlanModel, day: int, length: int) -> int:
    dates = [plan.date_of(day + n) for n in range(length)]
    around = [dates[0] - timedelta(days=1), *dates, dates[-1] + timedelta(days=1)]
    near = any(on in plan.calendar and is_adjusted_working_day(plan.calendar, on) for on in around)
    lost = sum(is_working_day(plan.calendar, on) for on in dates)
    return LOST_WORKING_DAY * lost + NEAR_ADJUSTED_DAY * near


def _costs_of_lessons(model: cp_model.CpModel, module: ModuleVars) -> list[Expression]:
    practice, theory = module.halves[LessonKind.PRACTICE], module.halves[LessonKind.THEORY]
    mentor = module.halves[TeacherKind.MENTOR]
    costs: list[Expression] = [THEORY_BY_MENTOR * _both_true(model, theory[k], mentor[k]) for k in range(len(theory))]
    costs += [THEORY_AFTER_PRACTICE * _both_true(model, practice[k - 1], theory[k]) for k in range(1, len(theory))]
    for kind in (practice, theory):
        lacking = model.new_bool_var("")
        model.add(sum(kind) + lacking >= module.used)
        costs.append(ONE_SIDED_MODULE * lacking)
    return costs


def _both_true(model: cp_model.CpModel, first: cp_model.IntVar, second: cp_model.IntVar) -> cp_model.IntVar:
    """Return a boolean that must be true when both are."""
    both = model.new_bool_var("")
    model.add_bool_or(both, ~first, ~second)
    return both
