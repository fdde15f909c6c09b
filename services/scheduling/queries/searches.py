"""Progress of a solver's job: its latest message in Redis, and whether the job failed."""

from uuid import UUID

from redis import Redis
from sqlmodel import Session

from shared.persistence.models import JobRow

SEARCH_BROKE = "编排程序出错，没有得出结果。请重新编排；如仍不成功，请联系管理员。"
_KEPT_SECONDS = 3600


def set_progress(redis: Redis, subject_id: UUID, sentence: str) -> None:
    """Store the progress message that the search's page shows; it expires after an hour."""
    redis.set(_key(subject_id), sentence, ex=_KEPT_SECONDS)


def progress_of(redis: Redis, subject_id: UUID) -> str:
    """Return the latest progress message; empty if there is none."""
    return str(redis.get(_key(subject_id)) or "")


def has_broken(session: Session, job_id: UUID | None) -> bool:
    """Return whether the job failed without a result."""
    row = session.get(JobRow, job_id) if job_id else None
    return row is not None and row.state == "failed"


def _key(subject_id: UUID) -> str:
    return f"scheduling:progress:{subject_id}"
