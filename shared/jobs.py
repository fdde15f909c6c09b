"""Slow jobs as rows: started in the action's transaction, executed by Celery or in the process, retried by the row.

`start` is called by actions; Dispatcher runs in bus.py and hands due rows out; JobWorker runs in worker.py.
"""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID, uuid4

import structlog
from sqlalchemy import BindParameter, bindparam, or_, update
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col, select

from shared import audit, outbox, telemetry
from shared.clock import Clock, real_now
from shared.columns import UtcDateTime, locked
from shared.context import Context, Tools
from shared.correlation import correlated, correlation_id
from shared.database import Database
from shared.errors import NotFound, Refusal
from shared.events.base import Value
from shared.lease import LEASE, LONG, kept, patiently, working_lease
from shared.messaging.envelope import LETTER, Envelope
from shared.messaging.transport import REPLAY, with_reason
from shared.metrics import JOBS
from shared.models import LEAVES, JobRow, OutboxRow

LADDER = (timedelta(seconds=1), timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1))
POLL = 0.25
_log = structlog.get_logger()


class Job(Value):
    """The typed payload of a job; `NAME` is imperative + document, and stable."""

    NAME: ClassVar[str]


JobFunction = Callable[..., str]
JobFunctions = Mapping[type[Job], JobFunction]


def start(session: Session, job: Job) -> UUID:
    """Puts the job on its way once this transaction commits. Returns its id, which makes its effects repeatable."""
    now, job_id = real_now(), uuid4()
    row = {"id": job_id, "name": job.NAME, "payload": job.model_dump(mode="json"), "correlation_id": correlation_id()}
    row |= {"traceparent": telemetry.traceparent(), "state": "waiting", "next_at": now, "created_at": now}
    row |= {"attempt": 0, "replays": 0}
    outbox.start(session, row)
    return job_id


# Asked several times a second by every service, so written once.
_NOW: BindParameter[datetime] = bindparam("now", type_=UtcDateTime())
_IS_DUE = or_(
    (col(JobRow.state) == "waiting") & (col(JobRow.next_at) <= _NOW),
    col(JobRow.state).in_(["sent", "running"]) & (col(JobRow.lease_until) <= _NOW),
)
_ANY_DUE = select(JobRow.id).where(_IS_DUE).limit(1)
_DUE = select(JobRow.id).where(_IS_DUE).order_by(col(JobRow.created_at)).limit(100).with_for_update(skip_locked=True)


class Dispatcher:
    """Hands due job rows to `send`. A row that was handed out and not ended when its lease is over is handed out again."""

    def __init__(self, database: Database, send: Callable[[UUID], None]) -> None:
        self._database, self._send = database, send
        self._woken = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def wake(self) -> None:
        """Something may have been committed."""
        self._loop.call_soon_threadsafe(self._woken.set)

    async def run(self) -> None:
        """Dispatches until cancelled."""
        while True:
            self._woken.clear()
            if leased := await asyncio.to_thread(self._lease_due):
                await asyncio.to_thread(self._hand_out, leased)
            try:
                await asyncio.wait_for(self._woken.wait(), POLL)
            except TimeoutError:
                continue

    def _hand_out(self, leased: list[UUID]) -> None:
        handed = 0
        try:
            for job_id in leased:
                self._send(job_id)
                handed += 1
        finally:
            with self._database.transaction() as session:
                self._note(session, leased[:handed], lease_until=real_now() + LONG)
                self._note(session, leased[handed:], state="waiting", lease_until=None)

    def _note(self, session: Session, job_ids: list[UUID], **values: Any) -> None:
        """Changes those that nobody has taken up yet."""
        taken = update(JobRow).where(col(JobRow.id).in_(job_ids), col(JobRow.state) == "sent")
        session.execute(taken.values(**values))

    def _lease_due(self) -> list[UUID]:
        now = real_now()
        with self._database.reader() as session:
            if session.exec(_ANY_DUE, params={"now": now}).first() is None:
                return []
        with self._database.transaction() as session:
            leased = list(session.exec(_DUE, params={"now": now}).all())
            session.execute(
                update(JobRow).where(col(JobRow.id).in_(leased)).values(state="sent", lease_until=now + LEASE)
            )
            return leased


class JobWorker:
    """Executes jobs by id. `functions`: name -> (payload type, function); a function returns a word on its outcome."""

    def __init__(
        self,
        database: Database,
        functions: JobFunctions,
        *,
        service: str,
        clock: Clock,
        tools: Tools,
    ) -> None:
        self._database, self._clock, self._tools, self._service = database, clock, tools, service
        self._functions = {kind.NAME: (kind, function) for kind, function in functions.items()}

    def execute(self, job_id: UUID) -> None:
        """Runs the job unless it has ended or somebody else runs it; effects and outcome commit together."""
        row = patiently(self._database, lambda: self._claim(job_id))
        if row is None:
            return
        kind, function = self._functions[row.name]
        context = Context(actor=f"job:{row.name}", now=self._clock.now(), tools=self._tools, job_id=row.id)
        begun = time.perf_counter()
        try:
            with (
                correlated(row.correlation_id),
                kept(self._database, row),
                telemetry.working(self._service, row.name, row.id, row.traceparent),
                self._database.transaction() as session,
            ):
                outcome = function(session, kind.model_validate(row.payload), context=context)
                self._end(self._mine(session, row), "done", outcome)
            ended = "done"
        except Exception as fault:
            ended = self._give_back(row, fault)
        JOBS.labels(self._service, row.name, ended).observe(time.perf_counter() - begun)

    def _claim(self, job_id: UUID) -> JobRow | None:
        with self._database.transaction() as session:
            row = session.exec(locked(select(JobRow).where(JobRow.id == job_id))).one_or_none()
            if row is None or not _is_free(row):
                return None
            row.state, row.lease_until, row.attempt = (
                "running",
                real_now() + working_lease(self._database),
                row.attempt + 1,
            )
            session.add(row)
            return row

    def _mine(self, session: Session, row: JobRow) -> JobRow:
        """The job's row, locked. Raises _TakenUp when its lease was over and somebody else has it, or it has ended."""
        query = locked(select(JobRow).where(JobRow.id == row.id)).execution_options(populate_existing=True)
        mine = session.exec(query).one()
        if (mine.state, mine.attempt) != ("running", row.attempt):
            raise _TakenUp(f"job {row.id} is {mine.state}, attempt {mine.attempt}")
        session.add(mine)
        return mine

    def _end(self, row: JobRow, state: str, outcome: str) -> None:
        row.state, row.outcome, row.ended_at, row.lease_until = state, outcome[:500], real_now(), None

    def _give_back(self, row: JobRow, fault: Exception) -> str:
        """What became of a job that broke: failed, retried, or left to whoever has it now. A database that is away is
        waited for."""
        try:
            if isinstance(fault, _TakenUp):
                raise fault
            return patiently(self._database, lambda: self._fail(row, fault))
        except _TakenUp as taken_up:
            _log.warning("job_left", job=row.name, reason=str(taken_up))
            return "left"

    def _fail(self, row: JobRow, fault: Exception) -> str:
        """Ends the job or lets it wait for its next try; says which: failed or retried. A connection that was lost is no
        fault of the job: that try does not count."""
        reason = f"{type(fault).__name__}: {fault}"
        lost = isinstance(fault, DBAPIError) and fault.connection_invalidated
        final = isinstance(fault, Refusal) or (row.attempt > len(LADDER) and not lost)
        _log.error("job_failed", job=row.name, job_id=str(row.id), attempt=row.attempt, final=final, reason=reason)
        with self._database.transaction() as session:
            mine = self._mine(session, row)
            if final:
                self._end(mine, "failed", reason)
                self._bury(session, row, reason)
                return "failed"
            mine.state, mine.outcome, mine.lease_until = "waiting", reason[:500], None
            mine.next_at = real_now() + LADDER[0 if lost else row.attempt - 1]
            mine.attempt -= lost
            return "retried"

    def _bury(self, session: Session, row: JobRow, reason: str) -> None:
        """A dead letter in place of the job, through the outbox: somebody must see it, and may send it again."""
        letter = Envelope(
            id=row.id,
            type=LETTER + row.name,
            source=f"/lingjun/{self._service}",
            subject=str(row.id),
            sequence=row.replays + 1,
            time=real_now(),
            correlation_id=row.correlation_id,
            body=json.dumps(row.payload, ensure_ascii=False).encode(),
            traceparent=row.traceparent,
        )
        headers = with_reason(letter.headers, f"{self._service}.jobs", reason) | {REPLAY: row.replays}
        session.add(OutboxRow(event_id=uuid4(), headers=headers, body=letter.body.decode()))
        session.info[LEAVES] = True


class _TakenUp(Exception):
    """The job is no longer this worker's: what it did is undone."""


def _is_free(row: JobRow) -> bool:
    """Nobody is at it: it waits, was handed out, or its worker's lease is over."""
    is_over = row.lease_until is None or row.lease_until <= real_now()
    return row.state in ("waiting", "sent") or (row.state == "running" and is_over)


def take_up(session: Session, job_id: UUID, *, replay: int, actor: str, now: datetime) -> None:
    """Lets a job that failed for good wait again, with every try before it. `replay` counts from 1; what was asked for
    before, or of a job that has not failed, changes nothing. Raises NotFound."""
    row = session.exec(locked(select(JobRow).where(JobRow.id == job_id))).one_or_none()
    if row is None:
        raise NotFound("没有这个任务。", code="unknown-job")
    if row.state != "failed" or replay <= row.replays:
        return
    row.state, row.attempt, row.replays, row.next_at, row.ended_at = "waiting", 0, replay, real_now(), None
    session.add(row)
    session.info[LEAVES] = True
    audit.record(
        session, "job_taken_up", str(job_id), actor=actor, now=now, details={"job": row.name, "replay": replay}
    )


def take_back(session: Session) -> None:
    """Lets jobs that were handed out wait again: for a house in one process, whose workers ended with it."""
    for row in session.exec(select(JobRow).where(col(JobRow.state).in_(["sent", "running"]))).all():
        row.state, row.lease_until = "waiting", None
        session.add(row)
