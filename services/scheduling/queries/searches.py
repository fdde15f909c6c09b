"""How far a solver's job is: its sentence of progress in Redis, and whether it broke."""

from uuid import UUID

from redis import Redis
from sqlmodel import Session

from shared.persistence.models import JobRow

SEARCH_BROKE = "编排程序出错，没有得出结果。请重新编排；如仍不成功，请联系管理员。"
_KEPT_SECONDS = 3600


def tell_progress(redis: Redis, subject_id: UUID, sentence: str) -> None:
    """Shows how far a search is to whoever looks at its page; forgotten after an hour."""
    redis.set(_key(subject_id), sentence, ex=_KEPT_SECONDS)


def progress_of(redis: Redis, subject_id: UUID) -> str:
    """The newest sentence; empty when there is none (yet)."""
    return str(redis.get(_key(subject_id)) or "")


def has_broken(session: Session, job_id: UUID | None) -> bool:
    """Whether the job was given up without a result."""
    row = session.get(JobRow, job_id) if job_id else None
    return row is not None and row.state == "failed"


def _key(subject_id: UUID) -> str:
    return f"scheduling:progress:{subject_id}"
