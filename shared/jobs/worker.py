"""The job worker: executes jobs by id and records their outcome. Runs in every worker.py."""

import json
import time
from uuid import UUID, uuid4

import structlog
from sqlmodel import select

from shared.context import Context, Tools
from shared.events.envelope import JOB_DEAD_LETTER, Envelope
from shared.foundation.clock import Clock, real_now
from shared.foundation.correlation import correlated
from shared.foundation.errors import Refusal
from shared.foundation.retries import JOB_DELAYS, delay_after
from shared.jobs.job import JobFunctions, Later
from shared.jobs.lease import renewing_lease, working_lease
from shared.messaging.transport import REPLAY, with_reason
from shared.observability import telemetry
from shared.observability.metrics import JOBS
from shared.persistence.away import retry_while_away
from shared.persistence.columns import for_update
from shared.persistence.database import Database
from shared.persistence.models import JobRow, OutboxRow
from shared.persistence.server_away import ServerAway
from shared.persistence.unit_of_work import UnitOfWork

_log = structlog.get_logger()


class JobWorker:
    """Executes jobs by id. `functions` maps payload types to functions, which return a short text about the outcome, or
    when to run again."""

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
        """Run the job, unless it has ended or another worker runs it. Effects and outcome commit together."""
        row = retry_while_away(self._service, lambda: self._acquire(job_id))
        if row is None:
            return
        kind, function = self._functions[row.name]
        context = Context(actor=f"job:{row.name}", now=self._clock.now(), tools=self._tools, job_id=row.id)
        started = time.perf_counter()
        try:
            with (
                correlated(row.correlation_id),
                renewing_lease(self._database, row),
                telemetry.working(self._service, row.name, row.id, row.traceparent),
                self._database.transaction() as uow,
            ):
                outcome = function(uow, kind.model_validate(row.payload), context=context)
                ended = self._conclude(self._lock(uow, row), outcome)
        except Exception as error:
            ended = self._handle_failure(row, error)
        JOBS.labels(self._service, row.name, ended).observe(time.perf_counter() - started)

    def _acquire(self, job_id: UUID) -> JobRow | None:
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

    def _lock(self, uow: UnitOfWork, row: JobRow) -> JobRow:
        """Lock the job's row. Raises LeaseLost when its lease expired and another worker has the job, or it has
        ended."""
        query = for_update(select(JobRow).where(JobRow.id == row.id)).execution_options(populate_existing=True)
        locked = uow.session.exec(query).one()
        if (locked.state, locked.attempt) != ("running", row.attempt):
            raise LeaseLost(f"job {row.id} is {locked.state}, attempt {locked.attempt}")
        uow.session.add(locked)
        return locked

    def _conclude(self, row: JobRow, outcome: str | Later) -> str:
        """End the job, or let it wait as its function asked. Return "done" or "postponed"."""
        if isinstance(outcome, str):
            self._end(row, "done", outcome)
            return "done"
        row.state, row.outcome, row.lease_until = "waiting", outcome.outcome[:500], None
        row.next_at = real_now() + outcome.delay
        row.attempt -= 1
        return "postponed"

    def _end(self, row: JobRow, state: str, outcome: str) -> None:
        row.state, row.outcome, row.ended_at, row.lease_until = state, outcome[:500], real_now(), None

    def _handle_failure(self, row: JobRow, error: Exception) -> str:
        """Return the outcome of a job that raised: failed, retried, or left (another worker has it). Waits for an
        unreachable database."""
        try:
            if isinstance(error, LeaseLost):
                raise error
            return retry_while_away(self._service, lambda: self._fail(row, error))
        except LeaseLost as lease_lost:
            _log.warning("job_left", job=row.name, reason=str(lease_lost))
            return "left"

    def _fail(self, row: JobRow, error: Exception) -> str:
        """End the job or schedule its next attempt; return "failed" or "retried". An attempt that lost its database
        connection does not count."""
        reason = f"{type(error).__name__}: {error}"
        lost = isinstance(error, ServerAway)
        final = isinstance(error, Refusal) or (row.attempt > len(JOB_DELAYS) and not lost)
        _log.error("job_failed", job=row.name, job_id=str(row.id), attempt=row.attempt, final=final, reason=reason)
        with self._database.transaction() as uow:
            locked = self._lock(uow, row)
            if final:
                self._end(locked, "failed", reason)
                self._dead_letter(uow, row, reason)
                return "failed"
            locked.state, locked.outcome, locked.lease_until = "waiting", reason[:500], None
            locked.next_at = real_now() + delay_after(1 if lost else row.attempt, JOB_DELAYS)
            locked.attempt -= lost
            return "retried"

    def _dead_letter(self, uow: UnitOfWork, row: JobRow, reason: str) -> None:
        """Write a dead letter for the job to the outbox, so that staff see the failure and can replay the job."""
        envelope = Envelope(
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
        headers = with_reason(envelope.headers, f"{self._service}.jobs", reason) | {REPLAY: row.replays}
        uow.session.add(OutboxRow(event_id=uuid4(), headers=headers, body=envelope.body.decode()))
        uow.wakes_bus = True


class LeaseLost(Exception):
    """Another worker has the job, or it has ended. The effects of this attempt are rolled back."""


def _is_free(row: JobRow) -> bool:
    """Whether no worker runs the job: it waits, was sent, or its worker's lease has expired."""
    is_expired = row.lease_until is None or row.lease_until <= real_now()
    return row.state in ("waiting", "sent") or (row.state == "running" and is_expired)
