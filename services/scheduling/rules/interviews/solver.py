"""Solver that assigns a panel and a slot to every waiting candidate, or explains in Chinese why one has none.

Called by the job that solves interviews. It takes seconds and always gives the same answer.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping

from ortools.sat.python import cp_model

from services.scheduling.rules.interviews.values import (
    MODE_TITLES,
    Candidate,
    Interval,
    InterviewProblem,
    Mode,
    Panel,
    Placement,
    Schedule,
    Slot,
    Unplaced,
    is_away,
    is_linked,
    overlaps,
)
from shared.foundation.errors import Conflict, FieldError, Invalid, Joined

SEED = 7
EFFORT = 8.0  # deterministic time, about seconds, not wall-clock: the same answer on any machine

Seat = tuple[Panel, Slot]
Meets = dict[tuple[Candidate, str], cp_model.IntVar]
Group = tuple[tuple[Interval, ...], str]
"""Candidates with equal unavailable times who meet the same panel (id)."""


def solve_interviews(problem: InterviewProblem, *, progress: Callable[[str], None] = lambda sentence: None) -> Schedule:
    """Place as many candidates as possible; then keep each firm with one panel, balance the panels, and prefer early
    slots.

    The same problem gives the same schedule. Raises Invalid for a panel that is too small or names a judge twice, and
    Conflict if the effort ends without any schedule.
    """
    _check_panels(problem)
    seats = _free_seats(problem)
    progress(f"正在为 {len(problem.candidates)} 位候选人安排评审组")
    panel_of = _choose_panels(problem, seats)
    progress("正在安排面试时段")
    placements = _choose_slots(problem, seats, panel_of)
    unplaced = tuple(
        Unplaced(candidate.id, _unplaced_reason(candidate, problem, seats))
        for candidate in problem.candidates
        if candidate.id not in panel_of
    )
    return Schedule(placements, unplaced)


def _check_panels(problem: InterviewProblem) -> None:
    field_errors = []
    for panel in problem.panels:
        judges = {judge.id for judge in panel.judges}
        if len(judges) < len(panel.judges):
            field_errors.append(
                FieldError("panels", "judge-twice", "评审组“{panel}”中有评委重复", {"panel": panel.name})
            )
        if len(judges) < problem.least_judges:
            values = {"panel": panel.name, "count": len(judges), "least": problem.least_judges}
            text = "评审组“{panel}”只有 {count} 位评委，至少需要 {least} 位"
            field_errors.append(FieldError("panels", "panel-small", text, values))
    if field_errors:
        details = Joined(field_errors, "；")
        raise Invalid(
            "{faults}。请先调整评审组。", code="panels", field_errors=field_errors, values={"faults": details}
        )


def _free_seats(problem: InterviewProblem) -> list[Seat]:
    """Return the (panel, slot) pairs, early ones first, in which all judges are available and none has a kept
    booking."""
    slots = {slot.id: slot for slot in problem.slots}
    panels = {panel.id: panel for panel in problem.panels}
    busy: defaultdict[str, list[Slot]] = defaultdict(list)
    for kept in problem.kept:
        for judge in panels[kept.panel_id].judges:
            busy[judge.id].append(slots[kept.slot_id])
    return [
        (panel, slot)
        for slot in sorted(problem.slots, key=lambda one: (one.interval.starts_at, one.id))
        for panel in problem.panels
        if not any(
            is_away(judge, slot.interval) or any(overlaps(taken.interval, slot.interval) for taken in busy[judge.id])
            for judge in panel.judges
        )
    ]


def _can_interview(panel: Panel, candidate: Candidate) -> bool:
    return candidate.mode in panel.modes and not any(is_linked(judge, candidate) for judge in panel.judges)


def _can_attend(unavailable: tuple[Interval, ...], slot: Slot) -> bool:
    return not any(overlaps(away, slot.interval) for away in unavailable)


def _choose_panels(problem: InterviewProblem, seats: list[Seat]) -> dict[str, str]:
    """Map candidate id to panel id for as many candidates as possible, such that slots for all of them exist."""
    model = cp_model.CpModel()
    meets = {
        (candidate, panel.id): model.new_bool_var("")
        for candidate in problem.candidates
        for panel in problem.panels
        if _can_interview(panel, candidate)
    }
    for candidate in problem.candidates:
        model.add_at_most_one(meets[candidate, panel.id] for panel in problem.panels if (candidate, panel.id) in meets)
    counts: defaultdict[Group, list[cp_model.IntVar]] = defaultdict(list)
    for (candidate, panel_id), var in meets.items():
        counts[candidate.unavailable, panel_id].append(var)
    _add_seat_variables(model, problem, seats, {group: sum(of_group) for group, of_group in counts.items()})
    largest_loads = _largest_loads(model, problem, meets)
    one_more_panel = len(largest_loads) * (len(problem.candidates) + len(problem.kept)) + 1
    one_more_unplaced = one_more_panel * (len(problem.candidates) + 1)
    further_panels = _extra_panels_per_firm(model, problem, meets)
    model.minimize(one_more_panel * further_panels + sum(largest_loads) - one_more_unplaced * sum(meets.values()))
    solver = _solve(model)
    return {candidate.id: panel_id for (candidate, panel_id), var in meets.items() if solver.boolean_value(var)}


def _choose_slots(problem: InterviewProblem, seats: list[Seat], panel_of: dict[str, str]) -> tuple[Placement, ...]:
    """Assign slots to the candidates with a panel: early slots first, and candidates in the order of the problem."""
    waiting: defaultdict[Group, list[str]] = defaultdict(list)
    for candidate in problem.candidates:
        if candidate.id in panel_of:
            waiting[candidate.unavailable, panel_of[candidate.id]].append(candidate.id)
    model = cp_model.CpModel()
    taken = _add_seat_variables(model, problem, seats, {group: len(ids) for group, ids in waiting.items()})
    turn = {slot.id: number for number, slot in enumerate(dict.fromkeys(slot for _, slot in seats))}
    model.minimize(sum(turn[slot_id] * var for (_, slot_id), var in taken.items()))
    solver = _solve(model)
    return tuple(
        Placement(waiting[group].pop(0), group[1], slot_id)
        for (group, slot_id), var in taken.items()
        if solver.boolean_value(var)
    )


def _add_seat_variables(
    model: cp_model.CpModel,
    problem: InterviewProblem,
    seats: list[Seat],
    counts: Mapping[Group, cp_model.LinearExpr | int],
) -> dict[tuple[Group, str], cp_model.IntVar]:
    """Add a boolean per seat and group, early seats first, summing to each group's count, with no judge twice at a
    time.

    Candidates with equal availability are interchangeable here, which makes the search fast.
    """
    taken: dict[tuple[Group, str], cp_model.IntVar] = {}
    in_seat: defaultdict[tuple[str, str], list[cp_model.IntVar]] = defaultdict(list)
    for panel, slot in seats:
        for group in counts:
            if group[1] == panel.id and _can_attend(group[0], slot):
                var = taken[group, slot.id] = model.new_bool_var("")
                in_seat[panel.id, slot.id].append(var)
    for group, count in counts.items():
        model.add(sum(var for (of_group, _), var in taken.items() if of_group == group) == count)
    for at_once in _overlapping_slots(problem.slots):
        for sharing in _panels_sharing_judges(problem.panels):
            model.add_at_most_one(
                var for panel_id in sharing for slot_id in at_once for var in in_seat.get((panel_id, slot_id), [])
            )
    return taken


def _largest_loads(model: cp_model.CpModel, problem: InterviewProblem, meets: Meets) -> list[cp_model.IntVar]:
    """Return the largest load among the panels of each mode. One maximum over all modes would let a few online
    interviews hide an uneven rest."""
    kept = Counter(placement.panel_id for placement in problem.kept)
    of_panel: defaultdict[str, list[cp_model.IntVar]] = defaultdict(list)
    for (_, panel_id), var in meets.items():
        of_panel[panel_id].append(var)
    largest: dict[frozenset[Mode], cp_model.IntVar] = {}
    for panel in problem.panels:
        if panel.modes not in largest:
            largest[panel.modes] = model.new_int_var(0, len(problem.candidates) + len(problem.kept), "")
        model.add(kept[panel.id] + sum(of_panel[panel.id]) <= largest[panel.modes])
    return list(largest.values())


def _extra_panels_per_firm(
    model: cp_model.CpModel, problem: InterviewProblem, meets: Meets
) -> cp_model.LinearExpr | int:
    """Return how many panels, beyond the first, each firm's candidates are spread over, in total."""
    people: defaultdict[str, dict[str, list[cp_model.IntVar]]] = defaultdict(lambda: defaultdict(list))
    sizes = Counter(candidate.firm_code for candidate in problem.candidates)
    for (candidate, panel_id), var in meets.items():
        if sizes[candidate.firm_code] > 1:
            people[candidate.firm_code][panel_id].append(var)
    further = []
    for by_panel in people.values():
        seen = [model.new_bool_var("") for _ in by_panel]
        for sees, of_panel in zip(seen, by_panel.values(), strict=True):
            for var in of_panel:
                model.add_implication(var, sees)
        more = model.new_int_var(0, len(seen), "")
        model.add(more >= sum(seen) - 1)
        further.append(more)
    return sum(further)


def _solve(model: cp_model.CpModel) -> cp_model.CpSolver:
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = SEED
    solver.parameters.max_deterministic_time = EFFORT
    # Linear programming handles counting far better than clauses: measured 0.1 s instead of more than 30 s.
    solver.parameters.linearization_level = 2
    if solver.solve(model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        raise Conflict("在限定的计算量内没有编排出面试方案，请减少候选人或时段后重试。", code="interviews_undecided")
    return solver


def _overlapping_slots(slots: tuple[Slot, ...]) -> list[list[str]]:
    """Return, for the start of each slot, all slots in progress then. Two slots overlap if and only if they share such
    a list."""
    return [
        [slot.id for slot in slots if slot.interval.starts_at <= first.interval.starts_at < slot.interval.ends_at]
        for first in slots
    ]


def _panels_sharing_judges(panels: tuple[Panel, ...]) -> list[tuple[str, ...]]:
    """Return each panel by itself, and the panels of each judge who sits on several."""
    sits_on: defaultdict[str, list[str]] = defaultdict(list)
    for panel in panels:
        for judge in panel.judges:
            sits_on[judge.id].append(panel.id)
    return list(dict.fromkeys([(panel.id,) for panel in panels] + [tuple(ids) for ids in sits_on.values()]))


def _unplaced_reason(candidate: Candidate, problem: InterviewProblem, seats: list[Seat]) -> str:
    """Return the first obstacle, from the panels to the free times."""
    mode = MODE_TITLES[candidate.mode]
    in_mode = [panel for panel in problem.panels if candidate.mode in panel.modes]
    if not in_mode:
        return f"没有{mode}面试的评审组，请增设评审组或与候选人商定改变面试方式。"
    if not any(_can_interview(panel, candidate) for panel in in_mode):
        return f"所有{mode}面试的评审组都有评委与该企业或候选人有关联，须回避，请调整评审组。"
    possible = [slot for panel, slot in seats if _can_interview(panel, candidate)]
    if not possible:
        return "可以面试该候选人的评审组没有空闲时段，请增加时段或评审组。"
    if not any(_can_attend(candidate.unavailable, slot) for slot in possible):
        return "该候选人可以参加的时间与评审组的空闲时段没有重合，请与候选人另约时间。"
    return "可以面试该候选人的评审组时段已排满，请增加时段或评审组。"
