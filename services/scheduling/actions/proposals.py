"""Proposals: the solver places the waiting candidates, and a scheduler reviews and books the result."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlmodel import select

from services.scheduling.actions.interviews import book, check_bookings
from services.scheduling.actions.locking import lock_candidate, lock_programme, lock_proposal
from services.scheduling.errors import Overtaken
from services.scheduling.jobs import SolveInterviews
from services.scheduling.models import Candidate, Interview, Panel, Proposal, Slot
from services.scheduling.queries.assignments import PROBLEM, problem_of
from services.scheduling.queries.interviews import proposal_of
from services.scheduling.rules.interviews.values import Schedule
from services.scheduling.states import PROPOSAL_STEPS, PROPOSAL_TITLES, CandidateState, ProposalState
from shared.foundation.errors import Conflict
from shared.foundation.transitions import check_step
from shared.jobs.job import enqueue
from shared.persistence.unit_of_work import UnitOfWork


def propose_interviews(uow: UnitOfWork, programme: str, *, actor: str, now: datetime) -> Proposal:
    """Request a proposal for all waiting candidates; a job searches. Booked interviews stay.

    A repeat while the search runs changes nothing. Raises Conflict without waiting candidates, panels or slots.
    """
    lock_programme(uow, programme)
    running = select(Proposal).where(Proposal.programme == programme, Proposal.state == ProposalState.SOLVING)
    if found := uow.session.exec(running).first():
        return found
    problem = problem_of(uow.session, programme, now=now)
    if not problem.candidates:
        raise Conflict("没有待安排面试的候选人。", code="nobody-waits")
    if not problem.panels or not problem.slots:
        raise Conflict("请先登记评审组和将来的面试时段，再编排面试。", code="no-slots")
    row = Proposal(id=uuid4(), programme=programme, state=ProposalState.SOLVING, made_by=actor, made_at=now)
    job = SolveInterviews(proposal_id=row.id, problem=PROBLEM.dump_python(problem, mode="json"))
    row.job_id = enqueue(uow, job)
    uow.session.add(row)
    uow.record("propose_interviews", str(row.id), actor=actor, now=now, details={"programme": programme})
    return row


def store_proposal(uow: UnitOfWork, proposal_id: UUID, schedule: Schedule, *, actor: str, now: datetime) -> None:
    """Store the result of the search, for a scheduler to review."""
    row = lock_proposal(uow, proposal_id)
    _step_proposal(row, ProposalState.READY)
    row.placements = [
        {"application_id": one.candidate_id, "panel_id": one.panel_id, "slot_id": one.slot_id}
        for one in schedule.placements
    ]
    row.unplaced = [{"application_id": one.candidate_id, "reason": one.reason} for one in schedule.unplaced]
    uow.session.add(row)
    details = {"placed": len(row.placements), "unplaced": len(row.unplaced)}
    uow.record("store_proposal", str(proposal_id), actor=actor, now=now, details=details)


def give_up_proposal(uow: UnitOfWork, proposal_id: UUID, message: str, *, actor: str, now: datetime) -> None:
    """Store why the search failed."""
    row = lock_proposal(uow, proposal_id)
    _step_proposal(row, ProposalState.FAILED)
    row.message = message
    uow.session.add(row)
    uow.record("give_up_proposal", str(proposal_id), actor=actor, now=now)


def book_interviews(uow: UnitOfWork, proposal_id: UUID, *, actor: str, now: datetime) -> list[Interview]:
    """Book a proposal in one transaction: publish InterviewScheduled and enqueue a notice for each candidate.

    Candidates who no longer wait are left out. Raises Conflict, and books nothing, if a slot was booked, began or was
    removed since.
    """
    lock_programme(uow, proposal_of(uow.session, proposal_id).programme)
    row = lock_proposal(uow, proposal_id)
    _step_proposal(row, ProposalState.BOOKED)
    uow.session.add(row)
    wanted = [_resolve_placement(uow, candidate, placement) for candidate, placement in _waiting_candidates(uow, row)]
    check_bookings(uow, row.programme, wanted, now=now)
    booked = [book(uow, candidate, panel, slot, actor=actor, now=now) for candidate, slot, panel in wanted]
    uow.record("book_interviews", str(proposal_id), actor=actor, now=now, details={"booked": len(booked)})
    return booked


def _waiting_candidates(uow: UnitOfWork, row: Proposal) -> list[tuple[Candidate, dict[str, str]]]:
    found = [(lock_candidate(uow, UUID(one["application_id"])), one) for one in row.placements]
    return [(candidate, one) for candidate, one in found if candidate.state == CandidateState.WAITING]


def _resolve_placement(
    uow: UnitOfWork, candidate: Candidate, placement: dict[str, str]
) -> tuple[Candidate, Slot, Panel]:
    slot, panel = uow.session.get(Slot, UUID(placement["slot_id"])), uow.session.get(Panel, UUID(placement["panel_id"]))
    if panel is None or slot is None:
        raise Overtaken("方案中的评审组或时段已被删除，请重新编排。")
    return candidate, slot, panel


def _step_proposal(row: Proposal, target: ProposalState) -> None:
    check_step(PROPOSAL_STEPS, ProposalState(row.state), target, titles=PROPOSAL_TITLES)
    row.state = target
