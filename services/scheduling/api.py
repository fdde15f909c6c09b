"""JSON endpoints for programs that act as staff: scheduling's lists with the ids and states that the page forms need.

Every list takes `programme`, the code; the default is the newest programme.
"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from services.scheduling.models import Candidate, Interview, Plan, Proposal, Student
from services.scheduling.queries import course, interviews, plans, roster
from services.scheduling.queries.programmes import chosen_programme
from services.scheduling.queries.searches import progress_of
from services.scheduling.schemas import (
    BookingOut,
    CandidateOut,
    PanelOut,
    PlanOut,
    ProposalOut,
    SessionOut,
    SlotOut,
    StudentOut,
)
from shared.context import Tools
from shared.http.auth import CurrentUser, staff
from shared.http.fields import QueryCode
from shared.http.web import ReadingSession, WithTools

router = APIRouter(prefix="/scheduling/api", tags=["staff"])
Scheduler = Annotated[CurrentUser, Depends(staff("scheduler", "registrar"))]


@router.get("/candidates")
def list_candidates(actor: Scheduler, session: ReadingSession, programme: QueryCode = "") -> list[CandidateOut]:
    """List every candidate with the current booking, by application number."""
    code = chosen_programme(session, programme).code
    booked = {row.application_id: row for row in interviews.bookings(session, code)}
    return [_candidate(row, booked.get(row.application_id)) for row in interviews.candidates(session, code)]


@router.get("/panels")
def list_panels(actor: Scheduler, session: ReadingSession, programme: QueryCode = "") -> list[PanelOut]:
    """List the panels by name."""
    code = chosen_programme(session, programme).code
    return [PanelOut.model_validate(row, from_attributes=True) for row in interviews.panels(session, code)]


@router.get("/slots")
def list_slots(actor: Scheduler, session: ReadingSession, programme: QueryCode = "") -> list[SlotOut]:
    """List the slots in order of time, with the panels that are booked in each."""
    code = chosen_programme(session, programme).code
    booked = interviews.bookings(session, code)
    return [
        SlotOut(
            id=slot.id,
            starts_at=slot.starts_at,
            ends_at=slot.ends_at,
            booked_panels=[row.panel_id for row in booked if row.slot_id == slot.id],
        )
        for slot in interviews.slots(session, code)
    ]


@router.get("/proposals")
def list_proposals(
    actor: Scheduler, session: ReadingSession, tools: WithTools, programme: QueryCode = ""
) -> list[ProposalOut]:
    """List the proposals, newest first."""
    code = chosen_programme(session, programme).code
    return [_proposal(row, tools) for row in interviews.proposals(session, code)]


@router.get("/proposals/{proposal_id}")
def read_proposal(proposal_id: UUID, actor: Scheduler, session: ReadingSession, tools: WithTools) -> ProposalOut:
    """Return one proposal."""
    return _proposal(interviews.proposal_of(session, proposal_id), tools)


@router.get("/plans")
def list_plans(actor: Scheduler, session: ReadingSession, tools: WithTools, programme: QueryCode = "") -> list[PlanOut]:
    """List the teaching plans, newest first. Drafts are not checked here; `/plans/{plan_id}` checks one."""
    code = chosen_programme(session, programme).code
    return [_plan(row, tools, []) for row in plans.plans_of(session, code)]


@router.get("/plans/{plan_id}")
def read_plan(plan_id: UUID, actor: Scheduler, session: ReadingSession, tools: WithTools) -> PlanOut:
    """Return one teaching plan with its shortfalls."""
    row = plans.plan_of(session, plan_id)
    found = plans.shortfalls_of(session, row) if row.modules else ()
    return _plan(row, tools, [one.message for one in found])


@router.get("/students")
def list_students(actor: Scheduler, session: ReadingSession, programme: QueryCode = "") -> list[StudentOut]:
    """List everyone who was ever on the roster, by rank."""
    code = chosen_programme(session, programme).code
    results = course.attempts(session, code)
    return [_student(session, row, results.get(row.application_id, [])) for row in roster.all_students(session, code)]


@router.get("/sessions")
def list_sessions(actor: Scheduler, session: ReadingSession, programme: QueryCode = "") -> list[SessionOut]:
    """List the half-days of the plan in force, in order."""
    code = chosen_programme(session, programme).code
    recorded = course.marks_per_lesson(session, code)
    return [
        SessionOut.model_validate({**row.model_dump(), "recorded": recorded.get(row.id, 0)})
        for row in course.lessons_of(session, code)
    ]


def _candidate(row: Candidate, booking: Interview | None) -> CandidateOut:
    booked = BookingOut.model_validate({**booking.model_dump(), "interview_id": booking.id}) if booking else None
    return CandidateOut.model_validate({**row.model_dump(), "booking": booked})


def _proposal(row: Proposal, tools: Tools) -> ProposalOut:
    return ProposalOut.model_validate({**row.model_dump(), "progress": progress_of(tools.redis, row.id)})


def _plan(row: Plan, tools: Tools, shortfalls: list[str]) -> PlanOut:
    sessions = plans.plan_value(row).sessions
    return PlanOut(
        id=row.id,
        programme=row.programme,
        version=row.version,
        state=row.state,
        progress=progress_of(tools.redis, row.id),
        message=row.message,
        conflicts=row.conflicts,
        shortfalls=shortfalls,
        days=len({one.on for one in sessions}),
        hours=sum(one.hours for one in sessions),
        modules=len(row.modules),
    )


def _student(session: ReadingSession, row: Student, results: list[bool]) -> StudentOut:
    waiver = roster.waiver_of(session, row.application_id)
    certificate = roster.certificate_of(session, row.application_id)
    found = {
        "waived": waiver is not None and waiver.confirmed_by is not None,
        "results": results,
        "certified": certificate.certified if certificate else None,
        "reasons": certificate.reasons if certificate else [],
    }
    return StudentOut.model_validate({**row.model_dump(), **found})
