"""Running searches: their progress, and those whose job failed, which can then be requested again."""

from datetime import datetime
from uuid import UUID

from redis import Redis
from sqlmodel import select

from services.scheduling.actions.plans import give_up_plan
from services.scheduling.actions.proposals import give_up_proposal
from services.scheduling.models import Plan, Proposal
from services.scheduling.queries.searches import SEARCH_BROKE, has_broken, progress_key
from services.scheduling.states import PlanState, ProposalState
from shared.persistence.unit_of_work import UnitOfWork

_EXPIRES_SECONDS = 3600


def set_progress(redis: Redis, subject_id: UUID, sentence: str) -> None:
    """Store the progress message that the search's page shows; it expires after an hour."""
    redis.set(progress_key(subject_id), sentence, ex=_EXPIRES_SECONDS)


def give_up_searches(uow: UnitOfWork, *, actor: str, now: datetime) -> None:
    """Mark every search whose job failed; a repeat changes nothing."""
    for plan in uow.session.exec(select(Plan).where(Plan.state == PlanState.SOLVING)).all():
        if has_broken(uow.session, plan.job_id):
            give_up_plan(uow, plan.id, SEARCH_BROKE, actor=actor, now=now)
    for proposal in uow.session.exec(select(Proposal).where(Proposal.state == ProposalState.SOLVING)).all():
        if has_broken(uow.session, proposal.job_id):
            give_up_proposal(uow, proposal.id, SEARCH_BROKE, actor=actor, now=now)
