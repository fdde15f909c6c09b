"""Builds the interview problem of the rules from rows. Called by the actions that propose, book and move interviews."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from pydantic import TypeAdapter
from sqlmodel import Session

from services.scheduling.models import Candidate, Interview, Panel, Slot
from services.scheduling.queries import interviews
from services.scheduling.queries.programmes import programme_of
from services.scheduling.rules.interviews import values as rules
from services.scheduling.rules.interviews.checks import check_schedule

PROBLEM: TypeAdapter[rules.InterviewProblem] = TypeAdapter(rules.InterviewProblem)


def problem_of(session: Session, programme: str, *, now: datetime) -> rules.InterviewProblem:
    """Return the problem: all waiting candidates, all panels, the future slots, and the bookings in them, which
    stay."""
    slots = interviews.slots(session, programme, after=now)
    visit_var = {slot.id for slot in slots}
    booked = [row for row in interviews.bookings(session, programme) if row.slot_id in visit_var]
    return rules.InterviewProblem(
        candidates=tuple(candidate_value(row) for row in interviews.waiting(session, programme)),
        panels=tuple(panel_value(row) for row in interviews.panels(session, programme)),
        slots=tuple(slot_value(row) for row in slots),
        kept=tuple(placement_value(row) for row in booked),
        least_judges=programme_of(session, programme).scoring.trim_from_panel_size,
    )


def booking_conflicts(
    session: Session, programme: str, wanted: Sequence[tuple[Candidate, UUID, UUID]]
) -> tuple[str, ...]:
    """Return what forbids booking these candidates with (panel id, slot id), as sentences that name them; empty if
    allowed. Every other current booking stays."""
    moved = {candidate.application_id for candidate, _, _ in wanted}
    others = [row for row in interviews.bookings(session, programme) if row.application_id not in moved]
    problem = rules.InterviewProblem(
        candidates=tuple(replace(candidate_value(row), id=_describe(row)) for row, _, _ in wanted),
        panels=tuple(panel_value(row) for row in interviews.panels(session, programme)),
        slots=tuple(slot_value(row) for row in interviews.slots(session, programme)),
        kept=tuple(replace(placement_value(row), candidate_id=row.candidate_name) for row in others),
        least_judges=programme_of(session, programme).scoring.trim_from_panel_size,
    )
    placements = tuple(
        rules.Placement(_describe(row), str(panel_id), str(slot_id)) for row, panel_id, slot_id in wanted
    )
    return check_schedule(rules.Schedule(placements, ()), problem)


def _describe(row: Candidate) -> str:
    return f"{row.name}（{row.application_no}）"


def candidate_value(row: Candidate) -> rules.Candidate:
    """Convert a candidate row to the rules' type."""
    return rules.Candidate(str(row.application_id), row.credit_code, rules.Mode(row.mode))


def panel_value(row: Panel) -> rules.Panel:
    """Convert a panel row to the rules' type. Each panel has a room and a link, so it interviews in both modes."""
    judges = tuple(
        rules.Judge(
            judge["account"],
            judge["name"],
            judge["employer_credit_code"],
            linked_codes=frozenset(judge.get("linked_credit_codes", ())),
        )
        for judge in row.judges
    )
    return rules.Panel(str(row.id), row.code, frozenset(rules.Mode), judges)


def slot_value(row: Slot) -> rules.Slot:
    """Convert a slot row to the rules' type."""
    return rules.Slot(str(row.id), rules.Interval(row.starts_at, row.ends_at))


def placement_value(row: Interview) -> rules.Placement:
    """Convert a booking to the rules' type."""
    return rules.Placement(str(row.application_id), str(row.panel_id), str(row.slot_id))
