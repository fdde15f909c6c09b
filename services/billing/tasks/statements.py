"""The job that goes on with a large import."""

from sqlmodel import Session

from services.billing import actions, jobs
from shared.context import Context


def judge_entries(session: Session, job: jobs.JudgeEntries, *, context: Context) -> str:
    """Judges the next batch of a statement."""
    left = actions.judge_entries(session, job.statement_id, actor=context.actor, now=context.now)
    return f"{left} left"
