"""Solver that finds a year's teaching plan within the notice's rules (section three), or names the contradicting rules.

Called by the job that solves a plan. It takes seconds and always gives the same answer.
"""

from ortools.sat.python import cp_model

from services.scheduling.rules.plan.availability import availability
from services.scheduling.rules.plan.conflicts import RULES_OF_THE_SEARCH, explain
from services.scheduling.rules.plan.model import ModuleVars, PlanModel
from services.scheduling.rules.plan.staffing import Lesson, teachers_of, venues_of
from services.scheduling.rules.plan.values import (
    Half,
    LessonKind,
    Module,
    Plan,
    PlanConstraints,
    PlanResources,
    PlanRule,
    Progress,
    Session,
    TeacherKind,
    VenueKind,
)
from services.scheduling.rules.plan.wishes import add_objective
from shared.foundation.errors import Conflict

SEED = 7
# Deterministic time, about seconds, not wall-clock: the same input gives the same plan on any machine.
EFFORT = 6.0
EFFORT_PER_ATTEMPT = 1.5


class _Reporter(cp_model.CpSolverSolutionCallback):
    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self.progress = progress
        self.found = 0

    def on_solution_callback(self) -> None:
        self.found += 1
        self.progress(f"已找到第 {self.found} 个可行方案，正在寻找更好的方案")


def solve_teaching_plan(
    constraints: PlanConstraints, resources: PlanResources, *, progress: Progress = lambda sentence: None
) -> Plan:
    """Return the best plan that a fixed effort finds; the same input gives the same plan.

    Raises Infeasible (with the contradicting rules) if there is none, Conflict if the effort ends undecided, and
    Invalid if teachers, venues or calendar days are missing altogether.
    """
    available = availability(constraints, resources)

    def model_with(rules: frozenset[PlanRule]) -> PlanModel:
        return PlanModel(constraints, resources.calendar, available, rules)

    def impossible(rules: frozenset[PlanRule]) -> bool:
        return _solver(EFFORT_PER_ATTEMPT, linearization=1).solve(model_with(rules).model) == cp_model.INFEASIBLE

    progress("正在编排教学计划")
    model = model_with(RULES_OF_THE_SEARCH)
    add_objective(model)
    solver = _solver(EFFORT, linearization=2)
    status = solver.solve(model.model, _Reporter(progress))
    if status == cp_model.INFEASIBLE:
        raise explain(constraints, impossible, progress)
    if status == cp_model.UNKNOWN:
        raise Conflict(
            "要求过于复杂，在限定的计算量内没有找到教学计划。请放宽开课日期或间隔、增加可用师资后重试。",
            code="plan_undecided",
        )
    lessons = [
        lesson for number, vars_of in enumerate(model.modules) for lesson in _lessons(solver, model, vars_of, number)
    ]
    progress("正在安排师资和场地")
    return _plan(lessons, constraints, resources, proven_best=status == cp_model.OPTIMAL)


def _solver(effort: float, *, linearization: int) -> cp_model.CpSolver:
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = SEED
    solver.parameters.max_deterministic_time = effort
    solver.parameters.linearization_level = linearization
    # Measured on the 2021 programme: probing takes longer than the whole search without it.
    solver.parameters.cp_model_probing_level = 0
    return solver


def _lessons(solver: cp_model.CpSolver, model: PlanModel, module: ModuleVars, number: int) -> list[Lesson]:
    chosen = [start for start, var in module.starts.items() if solver.boolean_value(var)]
    if not chosen:
        return []
    (day, length) = chosen[0]
    region = next(name for name, var in module.regions.items() if solver.boolean_value(var))

    def is_for(purpose: LessonKind | TeacherKind | VenueKind, k: int) -> bool:
        return solver.boolean_value(module.halves[purpose][k])

    return [
        Lesson(
            module=number,
            region=region,
            on=model.date_of(day + k // 2),
            half=Half.PM if k % 2 else Half.AM,
            kind=LessonKind.PRACTICE if is_for(LessonKind.PRACTICE, k) else LessonKind.THEORY,
            teacher_kind=TeacherKind.MENTOR if is_for(TeacherKind.MENTOR, k) else TeacherKind.PROFESSOR,
            venue_kind=VenueKind.FIRM if is_for(VenueKind.FIRM, k) else VenueKind.CLASSROOM,
        )
        for k in range(2 * length)
    ]


def _plan(lessons: list[Lesson], constraints: PlanConstraints, resources: PlanResources, *, proven_best: bool) -> Plan:
    """Build the plan: stages follow each other over the year, and topics rotate."""
    teachers, venues = teachers_of(lessons, resources), venues_of(lessons, resources)
    stages, topics = constraints.stages, constraints.topics
    count = 1 + max(lesson.module for lesson in lessons)
    sessions: list[list[Session]] = [[] for _ in range(count)]
    for turn, lesson in enumerate(lessons):
        sessions[lesson.module].append(
            Session(
                on=lesson.on,
                half=lesson.half,
                kind=lesson.kind,
                stage=stages[lesson.module * len(stages) // count],
                topic=topics[turn % len(topics)],
                teacher_id=teachers[lesson],
                venue_id=venues[lesson],
                hours=constraints.hours_of(lesson.half),
            )
        )
    regions = {lesson.module: lesson.region for lesson in lessons}
    modules = tuple(Module(number + 1, regions[number], tuple(taught)) for number, taught in enumerate(sessions))
    return Plan(modules, proven_best)
