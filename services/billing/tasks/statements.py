"""Job that continues a large import."""

from services.billing import actions, jobs
from shared.context import Context
from shared.persistence.unit_of_work import UnitOfWork


def match_entries(uow: UnitOfWork, job: jobs.MatchEntries, *, context: Context) -> str:
    """Match the next batch of a statement."""
    left = actions.match_entries(uow, job.statement_id, actor=context.actor, now=context.now)
    return f"{left} left"
