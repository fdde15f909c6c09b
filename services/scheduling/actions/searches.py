"""Searches whose job broke: shown as failed, so that they can be asked for again."""

from datetime import datetime

from sqlmodel import Session, select

from services.scheduling.actions.plans import give_up_plan
from services.scheduling.actions.proposals import give_up_proposal
from services.scheduling.models import Plan, Proposal
from services.scheduling.queries.searches import SEARCH_BROKE, has_broken
from services.scheduling.states import PlanState, ProposalState


def give_up_searches(session: Session, *, actor: str, now: datetime) -> None:
    """Marks every search whose job was given up; a repeat changes nothing."""
    for plan in session.exec(select(Plan).where(Plan.state == PlanState.SOLVING)).all():
        if has_broken(session, plan.job_id):
            give_up_plan(session, plan.id, SEARCH_BROKE, actor=actor, now=now)
    for proposal in session.exec(select(Proposal).where(Proposal.state == ProposalState.SOLVING)).all():
        if has_broken(session, proposal.job_id):
            give_up_proposal(session, proposal.id, SEARCH_BROKE, actor=actor, now=now)
