"""Assigns teachers and venues once the dates, regions and kinds of a teaching plan are fixed.

Called by `teaching_plan`.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from ortools.sat.python import cp_model

from services.scheduling.rules.plan.values import (
    Half,
    LessonKind,
    PlanResources,
    TeacherKind,
    VenueKind,
    open_on,
    teaches_on,
)

SEED = 7
EFFORT = 2.0  # deterministic time, about seconds; these models are tiny
ONE_MORE_IN_THE_LARGEST_LOAD = 100


@dataclass(frozen=True)
class Lesson:
    """A half-day with a fixed purpose, without teacher and venue."""

    module: int
    region: str
    on: date
    half: Half
    kind: LessonKind
    teacher_kind: TeacherKind
    venue_kind: VenueKind


def teachers_of(lessons: Sequence[Lesson], resources: PlanResources) -> dict[Lesson, str]:
    """Map each lesson to the id of a free teacher of its kind, the work shared evenly within a kind."""
    chosen: dict[Lesson, str] = {}
    for kind in TeacherKind:
        staff = [teacher for teacher in resources.teachers if teacher.kind is kind]
        chosen |= _assign_evenly(
            {
                lesson: [teacher.id for teacher in staff if teaches_on(teacher, lesson.region, lesson.on)]
                for lesson in lessons
                if lesson.teacher_kind is kind
            }
        )
    return chosen


def venues_of(lessons: Sequence[Lesson], resources: PlanResources) -> dict[Lesson, str]:
    """Map each lesson to the id of an open venue of its kind in its region, visits spread over the firms."""
    chosen: dict[Lesson, str] = {}
    for kind in VenueKind:
        places = [venue for venue in resources.venues if venue.kind is kind]
        chosen |= _assign_evenly(
            {
                lesson: [
                    venue.id
                    for venue in places
                    if venue.region == lesson.region and open_on(venue, lesson.on, resources.calendar)
                ]
                for lesson in lessons
                if lesson.venue_kind is kind
            }
        )
    return chosen


def _assign_evenly(choices: dict[Lesson, list[str]]) -> dict[Lesson, str]:
    """Choose one id per lesson: first minimise the largest load, then the number of modules that each id takes part
    in."""
    model = cp_model.CpModel()
    takes = {(lesson, one): model.new_bool_var("") for lesson, ids in choices.items() for one in ids}
    load: defaultdict[str, list[cp_model.IntVar]] = defaultdict(list)
    visits: dict[tuple[str, int], cp_model.IntVar] = {}
    for (lesson, one), var in takes.items():
        load[one].append(var)
        visit_var = visits.setdefault((one, lesson.module), model.new_bool_var(""))
        model.add_implication(var, visit_var)
    for lesson, ids in choices.items():
        model.add_exactly_one(takes[lesson, one] for one in ids)
    largest = model.new_int_var(0, len(choices), "largest_load")
    for vars_of_one in load.values():
        model.add(sum(vars_of_one) <= largest)
    model.minimize(ONE_MORE_IN_THE_LARGEST_LOAD * largest + sum(visits.values()))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = SEED
    solver.parameters.max_deterministic_time = EFFORT
    solver.solve(model)
    return {lesson: one for (lesson, one), var in takes.items() if solver.boolean_value(var)}
