"""Jobs: executed once, retried with delays, failed after a refusal, sent again after a worker's death."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import ClassVar
from uuid import UUID

import pytest
from sqlmodel import select

from shared.foundation.clock import SystemClock, real_now
from shared.foundation.errors import Conflict
from shared.foundation.retries import JOB_DELAYS
from shared.jobs.dispatcher import Dispatcher
from shared.jobs.job import Job, Later, enqueue
from shared.jobs.worker import JobWorker
from shared.persistence.models import JobRow, LastSequence


class WriteLetter(Job):
    NAME: ClassVar[str] = "write_letter"
    number: int


def worker(database, tools, function):
    return JobWorker(database, {WriteLetter: function}, service="s", clock=SystemClock(), tools=tools)


def enqueued(database):
    with database.transaction() as uow:
        return enqueue(uow, WriteLetter(number=7))


def row_of(database, job_id):
    with database.reader() as session:
        return session.exec(select(JobRow).where(JobRow.id == job_id)).one()


def write_mark(uow, job, *, context):
    uow.session.add(LastSequence(source="s", subject=str(context.job_id), part="p", sequence=job.number))
    return "written"


def marks(database):
    with database.reader() as session:
        return [row.sequence for row in session.exec(select(LastSequence)).all()]


def test_a_job_that_is_executed_twice_takes_effect_once(database, tools):
    job_id = enqueued(database)
    executor = worker(database, tools, write_mark)
    executor.execute(job_id)
    executor.execute(job_id)
    row = row_of(database, job_id)
    assert (row.state, row.outcome, row.attempt) == ("done", "written", 1)
    assert marks(database) == [7]


def test_a_failing_job_is_retried_after_a_delay_and_has_no_effect(database, tools):
    def breaks(uow, job, *, context):
        write_mark(uow, job, context=context)
        raise RuntimeError("the printer is away")

    job_id = enqueued(database)
    worker(database, tools, breaks).execute(job_id)
    row = row_of(database, job_id)
    assert (row.state, row.outcome, row.attempt) == ("waiting", "RuntimeError: the printer is away", 1)
    assert row.next_at > real_now()
    assert marks(database) == []


def test_a_job_that_must_wait_keeps_its_effects_and_runs_again_without_an_attempt(database, tools):
    outcomes = ["written", Later("waits for paper", timedelta(minutes=1)), Later("waits for ink", timedelta(minutes=1))]

    def waits(uow, job, *, context):
        write_mark(uow, job, context=context) if len(outcomes) == 3 else None
        return outcomes.pop()

    job_id = enqueued(database)
    executor = worker(database, tools, waits)
    for reason in ("waits for ink", "waits for paper"):
        executor.execute(job_id)
        row = row_of(database, job_id)
        assert (row.state, row.outcome, row.attempt, row.lease_until) == ("waiting", reason, 0, None)
        assert row.next_at > real_now()
        assert marks(database) == [7]
    executor.execute(job_id)
    assert (row_of(database, job_id).state, row_of(database, job_id).attempt) == ("done", 1)


def test_a_refused_job_fails_for_good(database, tools):
    def refuses(_session, _job, *, context):
        raise Conflict("席位已释放。")

    job_id = enqueued(database)
    worker(database, tools, refuses).execute(job_id)
    assert row_of(database, job_id).state == "failed"


def test_a_job_that_fails_on_every_attempt_fails_for_good(database, tools):
    def breaks(_session, _job, *, context):
        raise RuntimeError("never")

    job_id = enqueued(database)
    executor = worker(database, tools, breaks)
    for _ in range(len(JOB_DELAYS) + 1):
        assert row_of(database, job_id).state == "waiting"
        executor.execute(job_id)
    assert row_of(database, job_id).state == "failed"


@pytest.mark.parametrize("state", ["sent", "running"])
def test_a_job_of_a_dead_worker_is_sent_again_after_its_lease(database, tools, state):
    job_id = enqueued(database)
    with database.transaction() as uow:
        row = uow.session.get_one(JobRow, job_id)
        row.state, row.lease_until = state, real_now() - timedelta(seconds=1)
        uow.session.add(row)
    sent = dispatch(database, 1)
    assert sent == [job_id]
    worker(database, tools, write_mark).execute(job_id)
    assert marks(database) == [7]


def test_a_job_that_could_not_be_sent_waits_again_at_once(database):
    job_id = enqueued(database)

    async def play():
        def broken(_job_id):
            raise ConnectionError("no broker")

        with suppress(ConnectionError):
            await Dispatcher(database, broken).run()

    asyncio.run(play())
    assert row_of(database, job_id).state == "waiting"
    assert dispatch(database, 1) == [job_id]


def dispatch(database, count):
    """Run a dispatcher until it has sent `count` jobs; return their ids."""
    sent: list[UUID] = []

    async def play():
        task = asyncio.create_task(Dispatcher(database, sent.append).run())
        while len(sent) < count:
            await asyncio.sleep(0.01)
        task.cancel()

    asyncio.run(asyncio.wait_for(play(), 10))
    return sent


def test_jobs_after_one_that_could_not_be_sent_wait_again(database):
    ids = {enqueued(database) for _ in range(3)}

    async def play():
        sent: list[UUID] = []

        def breaks_at_the_second(job_id):
            if sent:
                raise ConnectionError("no broker")
            sent.append(job_id)

        with suppress(ConnectionError):
            await Dispatcher(database, breaks_at_the_second).run()
        return sent

    sent = asyncio.run(play())
    assert {row_of(database, one).state for one in ids - set(sent)} == {"waiting"}
    assert [row_of(database, one).state for one in sent] == ["sent"]


def test_work_is_rolled_back_when_another_worker_has_the_job(database, tools):
    job_id = enqueued(database)
    overtaken = False

    def is_overtaken(uow, job, *, context):
        nonlocal overtaken
        write_mark(uow, job, context=context)
        if not overtaken:
            overtaken = True
            row = uow.session.get_one(JobRow, job_id)
            row.attempt += 1
            uow.session.flush()
        return "written"

    worker(database, tools, is_overtaken).execute(job_id)
    row = row_of(database, job_id)
    assert (row.state, row.attempt, marks(database)) == ("running", 1, [])


def test_a_running_job_can_be_executed_only_after_its_lease(database, tools):
    job_id = enqueued(database)
    for lease, expected in ((timedelta(seconds=30), []), (timedelta(seconds=-1), [7])):
        with database.transaction() as uow:
            row = uow.session.get_one(JobRow, job_id)
            row.state, row.lease_until = "running", real_now() + lease
            uow.session.add(row)
        worker(database, tools, write_mark).execute(job_id)
        assert marks(database) == expected
