"""The job that goes on with a large import."""

from sqlmodel import Session

from services.billing import actions, jobs
from shared.context import Context


def match_entries(session: Session, job: jobs.MatchEntries, *, context: Context) -> str:
    """Judges the next batch of a statement."""
    left = actions.match_entries(session, job.statement_id, actor=context.actor, now=context.now)
    return f"{left} left"
