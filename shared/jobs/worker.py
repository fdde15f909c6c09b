"""The job worker executes job rows by id and records their outcome. Runs in every worker.py."""

import json
import time
from datetime import timedelta
from uuid import UUID, uuid4

import structlog
from sqlalchemy.exc import DBAPIError
from sqlmodel import select

from shared.context import Context, Tools
from shared.events.envelope import JOB_DEAD_LETTER, Envelope
from shared.foundation.clock import Clock, real_now
from shared.foundation.correlation import correlated
from shared.foundation.errors import Refusal
from shared.jobs.job import JobFunctions
from shared.jobs.lease import renewing_lease, retry_while_away, working_lease
from shared.messaging.transport import REPLAY, with_reason
from shared.observability import telemetry
from shared.observability.metrics import JOBS
from shared.persistence.columns import for_update
from shared.persistence.database import Database
from shared.persistence.models import JobRow, OutboxRow
from shared.persistence.unit_of_work import UnitOfWork

RETRY_DELAYS = (
    timedelta(seconds=1),
    timedelta(seconds=10),
    timedelta(minutes=1),
    timedelta(minutes=10),
    timedelta(hours=1),
)
_log = structlog.get_logger()


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
        row = retry_while_away(self._database, lambda: self._claim(job_id))
        if row is None:
            return
        kind, function = self._functions[row.name]
        context = Context(actor=f"job:{row.name}", now=self._clock.now(), tools=self._tools, job_id=row.id)
        begun = time.perf_counter()
        try:
            with (
                correlated(row.correlation_id),
                renewing_lease(self._database, row),
                telemetry.working(self._service, row.name, row.id, row.traceparent),
                self._database.transaction() as uow,
            ):
                outcome = function(uow, kind.model_validate(row.payload), context=context)
                self._end(self._mine(uow, row), "done", outcome)
            ended = "done"
        except Exception as fault:
            ended = self._give_back(row, fault)
        JOBS.labels(self._service, row.name, ended).observe(time.perf_counter() - begun)

    def _claim(self, job_id: UUID) -> JobRow | None:
        with self._database.transaction() as uow:
            row = uow.session.exec(for_update(select(JobRow).where(JobRow.id == job_id))).one_or_none()
            if row is None or not _is_free(row):
                return None
            row.state, row.lease_until, row.attempt = (
                "running",
                real_now() + working_lease(self._database),
                row.attempt + 1,
            )
            uow.session.add(row)
            return row

    def _mine(self, uow: UnitOfWork, row: JobRow) -> JobRow:
        """The job's row, locked. Raises _TakenUp when its lease was over and somebody else has it, or it has ended."""
        query = for_update(select(JobRow).where(JobRow.id == row.id)).execution_options(populate_existing=True)
        mine = uow.session.exec(query).one()
        if (mine.state, mine.attempt) != ("running", row.attempt):
            raise LeaseLost(f"job {row.id} is {mine.state}, attempt {mine.attempt}")
        uow.session.add(mine)
        return mine

    def _end(self, row: JobRow, state: str, outcome: str) -> None:
        row.state, row.outcome, row.ended_at, row.lease_until = state, outcome[:500], real_now(), None

    def _give_back(self, row: JobRow, fault: Exception) -> str:
        """What became of a job that broke: failed, retried, or left to whoever has it now. A database that is away is
        waited for."""
        try:
            if isinstance(fault, LeaseLost):
                raise fault
            return retry_while_away(self._database, lambda: self._fail(row, fault))
        except LeaseLost as taken_up:
            _log.warning("job_left", job=row.name, reason=str(taken_up))
            return "left"

    def _fail(self, row: JobRow, fault: Exception) -> str:
        """Ends the job or lets it wait for its next try; says which: failed or retried. A connection that was lost is no
        fault of the job: that try does not count."""
        reason = f"{type(fault).__name__}: {fault}"
        lost = isinstance(fault, DBAPIError) and fault.connection_invalidated
        final = isinstance(fault, Refusal) or (row.attempt > len(RETRY_DELAYS) and not lost)
        _log.error("job_failed", job=row.name, job_id=str(row.id), attempt=row.attempt, final=final, reason=reason)
        with self._database.transaction() as uow:
            mine = self._mine(uow, row)
            if final:
                self._end(mine, "failed", reason)
                self._bury(uow, row, reason)
                return "failed"
            mine.state, mine.outcome, mine.lease_until = "waiting", reason[:500], None
            mine.next_at = real_now() + RETRY_DELAYS[0 if lost else row.attempt - 1]
            mine.attempt -= lost
            return "retried"

    def _bury(self, uow: UnitOfWork, row: JobRow, reason: str) -> None:
        """A dead letter in place of the job, through the outbox: somebody must see it, and may send it again."""
        letter = Envelope(
            id=row.id,
            type=JOB_DEAD_LETTER + row.name,
            source=f"/lingjun/{self._service}",
            subject=str(row.id),
            sequence=row.replays + 1,
            time=real_now(),
            correlation_id=row.correlation_id,
            body=json.dumps(row.payload, ensure_ascii=False).encode(),
            traceparent=row.traceparent,
        )
        headers = with_reason(letter.headers, f"{self._service}.jobs", reason) | {REPLAY: row.replays}
        uow.session.add(OutboxRow(event_id=uuid4(), headers=headers, body=letter.body.decode()))
        uow.wakes_bus = True


class LeaseLost(Exception):
    """The job is no longer this worker's: what it did is undone."""


def _is_free(row: JobRow) -> bool:
    """Nobody is at it: it waits, was handed out, or its worker's lease is over."""
    is_over = row.lease_until is None or row.lease_until <= real_now()
    return row.state in ("waiting", "sent") or (row.state == "running" and is_over)
