"""Progress of a solver's job: its latest message in Redis, and whether the job failed."""

from uuid import UUID

from redis import Redis
from sqlmodel import Session

from shared.persistence.models import JobRow

SEARCH_BROKE = "编排程序出错，没有得出结果。请重新编排；如仍不成功，请联系管理员。"


def progress_of(redis: Redis, subject_id: UUID) -> str:
    """Return the latest progress message; empty if there is none."""
    return str(redis.get(progress_key(subject_id)) or "")


def has_broken(session: Session, job_id: UUID | None) -> bool:
    """Return whether the job failed without a result."""
    row = session.get(JobRow, job_id) if job_id else None
    return row is not None and row.state == "failed"


def progress_key(subject_id: UUID) -> str:
    """Return the Redis key of a search's progress message."""
    return f"scheduling:progress:{subject_id}"
