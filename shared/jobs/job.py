"""Slow jobs, stored as rows: enqueued in the transaction of an action, retried by the job worker. Used by actions."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, String, and_, cast, false, or_
from sqlmodel import Session, col, select

from shared.events.base import Value
from shared.foundation.clock import real_now
from shared.foundation.correlation import correlation_id
from shared.foundation.errors import NotFound
from shared.observability import telemetry
from shared.persistence.columns import for_update
from shared.persistence.models import JobRow
from shared.persistence.unit_of_work import UnitOfWork


class Job(Value):
    """The typed payload of a job. `NAME` is stable, a verb and a document."""

    NAME: ClassVar[str]


@dataclass(frozen=True)
class Later:
    """What a job function returns if the job must wait for something that may last: its effects are committed, and the
    job runs again after `delay`. That counts as no attempt. `outcome` states what it waits for."""

    outcome: str
    delay: timedelta


# Exceptions whose words are for staff.
_SHOWN = frozenset({"MailRefused", "MailDelayed", "Conflict", "Invalid", "NotFound", "Refusal"})
JobFunction = Callable[..., str | Later]
JobFunctions = Mapping[type[Job], JobFunction]


def enqueue(uow: UnitOfWork, job: Job) -> UUID:
    """Enqueue the job with this commit. Return its id, which makes its effects idempotent."""
    now, job_id = real_now(), uuid4()
    row = {"id": job_id, "name": job.NAME, "payload": job.model_dump(mode="json"), "correlation_id": correlation_id()}
    row |= {"traceparent": telemetry.traceparent(), "state": "waiting", "next_at": now, "created_at": now}
    row |= {"attempt": 0, "replays": 0}
    uow.add_job(row)
    return job_id


@dataclass(frozen=True)
class Trouble:
    """A job that failed. `reason`: the words of a refusal or of a mail server; empty for a technical fault, of which only
    administrators see the text. `next_at`: when it is tried again; None if it is not."""

    job_id: UUID
    name: str
    reason: str
    next_at: datetime | None


def troubles(session: Session, about: Iterable[UUID]) -> list[Trouble]:
    """Return the jobs with one of these ids in their payload that failed for good, or failed and will be tried again: the last
    one of each name. A job that was enqueued anew takes the place of the one before."""
    state = col(JobRow.state)
    is_troubled = or_(state == "failed", and_(state == "waiting", col(JobRow.attempt) > 0))
    names = session.exec(select(JobRow.name).where(is_troubled, _has_one(about)).distinct()).all()
    rows = session.exec(
        select(JobRow).where(col(JobRow.name).in_(names), _has_one(about)).order_by(col(JobRow.created_at))
    ).all()
    last = {row.name: row for row in rows}
    return [_trouble(row) for row in last.values() if row.state == "failed" or (row.state == "waiting" and row.attempt)]


def _trouble(row: JobRow) -> Trouble:
    kind, _, words = (row.outcome or "").partition(": ")
    reason = words if kind in _SHOWN else ""
    return Trouble(row.id, row.name, reason, row.next_at if row.state == "waiting" else None)


def _has_one(ids: Iterable[UUID]) -> ColumnElement[bool]:
    payload = cast(col(JobRow.payload), String)
    return or_(false(), *(payload.contains(str(one)) for one in ids))


def requeue_failed(uow: UnitOfWork, job_id: UUID, *, replay: int, actor: str, now: datetime) -> None:
    """Requeue a job that failed for good, with all its attempts. `replay` counts from 1. A replay number that was used
    before, or a job that has not failed, changes nothing. Raises NotFound for an unknown job."""
    row = uow.session.exec(for_update(select(JobRow).where(JobRow.id == job_id))).one_or_none()
    if row is None:
        raise NotFound("没有这个任务。", code="unknown-job")
    if row.state != "failed" or replay <= row.replays:
        return
    row.state, row.attempt, row.replays, row.next_at, row.ended_at = "waiting", 0, replay, real_now(), None
    uow.session.add(row)
    uow.wakes_bus = True
    uow.record("job_taken_up", str(job_id), actor=actor, now=now, details={"job": row.name, "replay": replay})


def requeue_orphaned(uow: UnitOfWork) -> None:
    """Requeue all jobs that were sent or running. For standalone mode, where the workers end with the process."""
    for row in uow.session.exec(select(JobRow).where(col(JobRow.state).in_(["sent", "running"]))).all():
        row.state, row.lease_until = "waiting", None
        uow.session.add(row)
