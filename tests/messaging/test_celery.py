"""Jobs on a real Celery worker, RabbitMQ and Redis are executed once, also if a worker is killed during a job."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import ClassVar
from uuid import UUID, uuid4

import aio_pika
import pytest
from kombu.exceptions import OperationalError
from pamqp.common import FieldValue
from sqlmodel import select

from shared.jobs.celery import beat, make_celery, send_job
from shared.jobs.dispatcher import Dispatcher
from shared.jobs.job import Job, enqueue
from shared.persistence.database import Database
from shared.persistence.models import JobRow, LastSequence
from shared.persistence.schema import upgrade
from tests.messaging.conftest import eventually

WORKER = """
import sys, time
from pathlib import Path
from shared.jobs.celery import make_celery, serve_jobs
from shared.foundation.clock import SystemClock
from shared.context import Tools
from shared.persistence.database import Database
from shared.jobs.worker import JobWorker
from shared.jobs.timer import Timer
from tests.messaging.test_celery import Mark, record_check, write_mark

database_url, broker_url, redis_url, folder = sys.argv[1:5]
app = make_celery("marks", broker_url=broker_url)
tools = Tools(keys=None, files=None, mailer=None, redis=None, public_url=folder, sandbox=None)
database = Database(database_url)
timer = Timer(database, record_check, clock=SystemClock(), tools=tools)
worker = JobWorker(database, {Mark: write_mark}, service="marks", clock=SystemClock(), tools=tools)
serve_jobs(app, worker, timer.run_if_due)
app.worker_main(["worker", "--pool=threads", "--concurrency=2", "--loglevel=WARNING"])
"""


class Mark(Job):
    NAME: ClassVar[str] = "mark"
    number: int


def write_mark(uow, job, *, context):
    folder = Path(context.tools.public_url)
    (folder / f"begun-{job.number}").write_text("")
    if job.number == 13 and not (folder / "go-on").exists():
        time.sleep(60)
    uow.session.add(LastSequence(source="s", subject=str(context.job_id), part="p", sequence=job.number))
    return "marked"


def record_check(uow, *, context):
    uow.session.add(LastSequence(source="s", subject="check", part=context.now.isoformat(), sequence=0))


@pytest.fixture
def servers(database_url, rabbitmq_url, redis_url, tmp_path):
    upgrade(database_url, "shared")
    return database_url, rabbitmq_url, redis_url, tmp_path


def start_worker(servers):
    database_url, broker_url, redis_url, folder = servers
    arguments = [sys.executable, "-c", WORKER, database_url, broker_url, redis_url, str(folder)]
    return subprocess.Popen(arguments, start_new_session=True, cwd=Path(__file__).parents[2])


def stop(worker, with_signal=signal.SIGTERM):
    os.killpg(worker.pid, with_signal)
    worker.wait(30)


def enqueue_mark(database, number):
    with database.transaction() as uow:
        return enqueue(uow, Mark(number=number))


def state_of(database, job_id: UUID) -> str:
    with database.reader() as session:
        return session.exec(select(JobRow.state).where(JobRow.id == job_id)).one()


def marks(database):
    with database.reader() as session:
        return sorted(row.sequence for row in session.exec(select(LastSequence)).all())


async def dispatch_until(database, servers, check):
    """Dispatch to Celery until `check` returns true."""
    celery = make_celery("marks", broker_url=servers[1])
    task = asyncio.create_task(Dispatcher(database, lambda job_id: send_job(celery, job_id)).run())
    try:
        await eventually(check, 60)
    finally:
        task.cancel()


async def dispatch_until_failure(database, celery):
    """Dispatch until the dispatcher fails."""
    await asyncio.wait_for(Dispatcher(database, lambda job_id: send_job(celery, job_id)).run(), 30)


def test_jobs_run_on_a_celery_worker_once_each(servers):
    database = Database(servers[0])
    ids = [enqueue_mark(database, number) for number in range(10)]
    worker = start_worker(servers)
    try:
        asyncio.run(
            dispatch_until(database, servers, lambda: all(state_of(database, job_id) == "done" for job_id in ids))
        )
    finally:
        stop(worker)
    assert marks(database) == list(range(10))


def job_of_killed_worker(database, servers):
    """Return a job whose worker was killed during execution; the next worker can finish it."""
    folder = servers[3]
    job_id = enqueue_mark(database, 13)
    worker = start_worker(servers)
    asyncio.run(dispatch_until(database, servers, lambda: (folder / "begun-13").exists()))
    stop(worker, signal.SIGKILL)
    (folder / "go-on").write_text("")
    return job_id


def test_a_job_of_a_killed_worker_is_executed_by_the_next_worker_once(servers):
    database = Database(servers[0])
    job_id = job_of_killed_worker(database, servers)
    with database.transaction() as uow:
        row = uow.session.get_one(JobRow, job_id)
        row.lease_until = row.created_at
        uow.session.add(row)
    worker = start_worker(servers)
    try:
        asyncio.run(dispatch_until(database, servers, lambda: state_of(database, job_id) == "done"))
    finally:
        stop(worker)
    assert marks(database) == [13]


def test_the_task_of_a_killed_worker_is_redelivered_without_a_new_dispatch(servers):
    """The task is acknowledged late, in a queue that outlives its consumer; otherwise it would be lost."""
    database = Database(servers[0])
    job_id = job_of_killed_worker(database, servers)
    with database.transaction() as uow:
        uow.session.get_one(JobRow, job_id).lease_until = None
    worker = start_worker(servers)
    try:
        asyncio.run(eventually(lambda: state_of(database, job_id) == "done", 60))
    finally:
        stop(worker)
    assert marks(database) == [13]


def test_a_job_refused_by_the_broker_waits_and_is_dispatched_again(servers):
    """Confirms are on: a message that a full queue behind the exchange rejects counts as not sent."""
    database, celery = Database(servers[0]), make_celery("marks", broker_url=servers[1])
    name = "lingjun.marks.jobs"

    async def full_queue(*, bound):
        async with await aio_pika.connect(servers[1]) as connection, connection.channel() as channel:
            arguments: dict[str, FieldValue] = {"x-max-length": 1, "x-overflow": "reject-publish"}
            queue = await channel.declare_queue("full", durable=True, arguments=arguments)
            await queue.bind(name, routing_key=name)
            if not bound:
                await queue.delete(if_empty=False)

    send_job(celery, uuid4())
    asyncio.run(full_queue(bound=True))
    with pytest.raises(OperationalError) as refused:
        for _ in range(5):
            send_job(celery, uuid4())
    assert type(refused.value.__cause__).__name__ == "MessageNacked"
    job_id = enqueue_mark(database, 1)
    with pytest.raises(OperationalError):
        asyncio.run(dispatch_until_failure(database, celery))
    assert state_of(database, job_id) == "waiting"
    asyncio.run(full_queue(bound=False))
    worker = start_worker(servers)
    try:
        asyncio.run(dispatch_until(database, servers, lambda: state_of(database, job_id) == "done"))
    finally:
        stop(worker)
    assert marks(database) == [1]


def test_the_job_queue_is_a_quorum_queue(servers):
    celery = make_celery("marks", broker_url=servers[1])
    send_job(celery, uuid4())

    async def declare(kind):
        async with await aio_pika.connect(servers[1]) as connection, connection.channel() as channel:
            await channel.declare_queue("lingjun.marks.jobs", durable=True, arguments={"x-queue-type": kind})

    asyncio.run(declare("quorum"))
    with pytest.raises(aio_pika.exceptions.ChannelPreconditionFailed, match="x-queue-type"):
        asyncio.run(declare("classic"))


def test_deadlines_are_checked_by_one_beat_while_a_second_waits(servers):
    first, second = Database(servers[0]), Database(servers[0])
    celery = make_celery("marks", broker_url=servers[1])
    worker = start_worker(servers)

    async def play():
        every = timedelta(seconds=0.5)
        beats = [asyncio.create_task(beat(celery, database, every=every)) for database in (first, second)]
        try:
            await eventually(lambda: len(marks(first)) == 1, 60)
            await asyncio.sleep(2)
        finally:
            for task in beats:
                task.cancel()
            await asyncio.gather(*beats, return_exceptions=True)

    try:
        asyncio.run(play())
    finally:
        stop(worker)
    assert marks(first) == [0], "a second check within the same minute changes nothing"
