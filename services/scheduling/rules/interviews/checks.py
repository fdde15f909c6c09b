"""Checks an interview schedule against its problem without the solver, for solved and hand-edited schedules.

Called before a proposal is booked, and by the tests of the solver.
"""

from collections import Counter
from collections.abc import Iterator
from itertools import combinations

from services.scheduling.rules.interviews.values import (
    MODE_TITLES,
    Candidate,
    InterviewProblem,
    Panel,
    Placement,
    Schedule,
    Slot,
    is_away,
    is_linked,
    overlaps,
)

Meeting = tuple[str, Panel, Slot]


def check_schedule(schedule: Schedule, problem: InterviewProblem) -> tuple[str, ...]:
    """Return every violation as a Chinese sentence; empty if the schedule may be booked. Kept bookings count as
    occupied."""
    return tuple(_violations(schedule, problem))


def _violations(schedule: Schedule, problem: InterviewProblem) -> Iterator[str]:
    candidates = {candidate.id: candidate for candidate in problem.candidates}
    panels = {panel.id: panel for panel in problem.panels}
    slots = {slot.id: slot for slot in problem.slots}
    yield from _missing_or_duplicate(schedule, candidates)
    meetings: list[Meeting] = []
    for placement in (*schedule.placements, *problem.kept):
        if placement.panel_id not in panels or placement.slot_id not in slots:
            yield f"{placement.candidate_id} 的评审组或时段不存在，请重新编排。"
            continue
        panel, slot = panels[placement.panel_id], slots[placement.slot_id]
        meetings.append((placement.candidate_id, panel, slot))
    for placement in schedule.placements:
        if placement.candidate_id in candidates and placement.panel_id in panels and placement.slot_id in slots:
            yield from _placement_violations(
                placement, candidates[placement.candidate_id], panels, slots, problem.least_judges
            )
    yield from _double_bookings(meetings)


def _missing_or_duplicate(schedule: Schedule, candidates: dict[str, Candidate]) -> Iterator[str]:
    times = Counter(placement.candidate_id for placement in schedule.placements)
    times.update(unplaced.candidate_id for unplaced in schedule.unplaced)
    for candidate_id in candidates:
        if times[candidate_id] == 0:
            yield f"{candidate_id} 既没有安排面试，也没有列入未安排名单。"
        if times[candidate_id] > 1:
            yield f"{candidate_id} 被安排了 {times[candidate_id]} 次。"
    for candidate_id in times:
        if candidate_id not in candidates:
            yield f"{candidate_id} 不在待面试名单中。"


def _placement_violations(
    placement: Placement, candidate: Candidate, panels: dict[str, Panel], slots: dict[str, Slot], least_judges: int
) -> Iterator[str]:
    panel, interval = panels[placement.panel_id], slots[placement.slot_id].interval
    if candidate.mode not in panel.modes:
        yield f"{candidate.id} 选择{MODE_TITLES[candidate.mode]}面试，评审组“{panel.name}”不以该方式面试。"
    if len({judge.id for judge in panel.judges}) < least_judges:
        yield f"评审组“{panel.name}”不足 {least_judges} 位评委。"
    if any(overlaps(away, interval) for away in candidate.unavailable):
        yield f"{candidate.id} 在所安排的时段不能参加。"
    for judge in panel.judges:
        if is_linked(judge, candidate):
            yield f"评委{judge.name}与 {candidate.id} 或其企业有关联，须回避。"
        if is_away(judge, interval):
            yield f"评委{judge.name}在 {candidate.id} 的时段不能到场。"


def _double_bookings(meetings: list[Meeting]) -> Iterator[str]:
    for (one, panel, slot), (other, other_panel, other_slot) in combinations(meetings, 2):
        if not overlaps(slot.interval, other_slot.interval):
            continue
        if panel.id == other_panel.id:
            yield f"评审组“{panel.name}”同时面试 {one} 和 {other}。"
            continue
        names = {judge.id: judge.name for judge in panel.judges}
        for judge in other_panel.judges:
            if judge.id in names:
                yield f"评委{judge.name}同时面试 {one} 和 {other}。"
