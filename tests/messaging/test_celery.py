"""Jobs over a real RabbitMQ with a real Celery worker and Redis: done once, also when a worker is killed in the middle."""

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
from tests.messaging.test_celery import Mark, leave_a_mark, note_a_look

database_url, broker_url, redis_url, folder = sys.argv[1:5]
app = make_celery("marks", broker_url=broker_url)
tools = Tools(keys=None, files=None, mailer=None, redis=None, public_url=folder)
database = Database(database_url)
timer = Timer(database, note_a_look, clock=SystemClock(), tools=tools)
worker = JobWorker(database, {Mark: leave_a_mark}, service="marks", clock=SystemClock(), tools=tools)
serve_jobs(app, worker, timer.look)
app.worker_main(["worker", "--pool=threads", "--concurrency=2", "--loglevel=WARNING"])
"""


class Mark(Job):
    NAME: ClassVar[str] = "mark"
    number: int


def leave_a_mark(uow, job, *, context):
    folder = Path(context.tools.public_url)
    (folder / f"begun-{job.number}").write_text("")
    if job.number == 13 and not (folder / "go-on").exists():
        time.sleep(60)
    uow.session.add(LastSequence(source="s", subject=str(context.job_id), part="p", sequence=job.number))
    return "marked"


def note_a_look(uow, *, context):
    uow.session.add(LastSequence(source="s", subject="look", part=context.now.isoformat(), sequence=0))


@pytest.fixture
def place(database_url, rabbitmq_url, redis_url, tmp_path):
    upgrade(database_url, "shared")
    return database_url, rabbitmq_url, redis_url, tmp_path


def start_worker(place):
    database_url, broker_url, redis_url, folder = place
    arguments = [sys.executable, "-c", WORKER, database_url, broker_url, redis_url, str(folder)]
    return subprocess.Popen(arguments, start_new_session=True, cwd=Path(__file__).parents[2])


def stop(worker, how=signal.SIGTERM):
    os.killpg(worker.pid, how)
    worker.wait(30)


def started(database, number):
    with database.transaction() as uow:
        return enqueue(uow, Mark(number=number))


def state_of(database, job_id: UUID) -> str:
    with database.reader() as session:
        return session.exec(select(JobRow.state).where(JobRow.id == job_id)).one()


def marks(database):
    with database.reader() as session:
        return sorted(row.sequence for row in session.exec(select(LastSequence)).all())


async def dispatched(database, place, check):
    """Dispatches to Celery until `check` holds."""
    celery = make_celery("marks", broker_url=place[1])
    task = asyncio.create_task(Dispatcher(database, lambda job_id: send_job(celery, job_id)).run())
    try:
        await eventually(check, 60)
    finally:
        task.cancel()


async def dispatched_once(database, celery):
    """Dispatches until that fails."""
    await asyncio.wait_for(Dispatcher(database, lambda job_id: send_job(celery, job_id)).run(), 30)


def test_jobs_run_on_a_celery_worker_once_each(place):
    database = Database(place[0])
    ids = [started(database, number) for number in range(10)]
    worker = start_worker(place)
    try:
        asyncio.run(dispatched(database, place, lambda: all(state_of(database, one) == "done" for one in ids)))
    finally:
        stop(worker)
    assert marks(database) == list(range(10))


def begun_by_a_killed_worker(database, place):
    """A job whose worker was killed in the midst of it; the next one gets through."""
    folder = place[3]
    job_id = started(database, 13)
    worker = start_worker(place)
    asyncio.run(dispatched(database, place, lambda: (folder / "begun-13").exists()))
    stop(worker, signal.SIGKILL)
    (folder / "go-on").write_text("")
    return job_id


def test_a_job_whose_worker_is_killed_is_taken_up_by_the_next_worker_and_takes_effect_once(place):
    database = Database(place[0])
    job_id = begun_by_a_killed_worker(database, place)
    with database.transaction() as uow:
        row = uow.session.get_one(JobRow, job_id)
        row.lease_until = row.created_at
        uow.session.add(row)
    worker = start_worker(place)
    try:
        asyncio.run(dispatched(database, place, lambda: state_of(database, job_id) == "done"))
    finally:
        stop(worker)
    assert marks(database) == [13]


def test_the_task_of_a_killed_worker_comes_to_the_next_one_although_nobody_hands_it_out_again(place):
    """Acknowledged late, in a queue that outlives its consumer: only then is it still there."""
    database = Database(place[0])
    job_id = begun_by_a_killed_worker(database, place)
    with database.transaction() as uow:
        uow.session.get_one(JobRow, job_id).lease_until = None
    worker = start_worker(place)
    try:
        asyncio.run(eventually(lambda: state_of(database, job_id) == "done", 60))
    finally:
        stop(worker)
    assert marks(database) == [13]


def test_a_job_that_the_broker_refuses_waits_and_is_handed_out_again(place):
    """Confirms on: what a full queue behind the exchange turns away was not sent."""
    database, celery = Database(place[0]), make_celery("marks", broker_url=place[1])
    name = "lingjun.marks.jobs"

    async def full(*, there):
        async with await aio_pika.connect(place[1]) as connection, connection.channel() as channel:
            arguments: dict[str, FieldValue] = {"x-max-length": 1, "x-overflow": "reject-publish"}
            queue = await channel.declare_queue("full", durable=True, arguments=arguments)
            await queue.bind(name, routing_key=name)
            if not there:
                await queue.delete(if_empty=False)

    send_job(celery, uuid4())
    asyncio.run(full(there=True))
    with pytest.raises(OperationalError) as refused:
        for _ in range(5):
            send_job(celery, uuid4())
    assert type(refused.value.__cause__).__name__ == "MessageNacked"
    job_id = started(database, 1)
    with pytest.raises(OperationalError):
        asyncio.run(dispatched_once(database, celery))
    assert state_of(database, job_id) == "waiting"
    asyncio.run(full(there=False))
    worker = start_worker(place)
    try:
        asyncio.run(dispatched(database, place, lambda: state_of(database, job_id) == "done"))
    finally:
        stop(worker)
    assert marks(database) == [1]


def test_the_queue_of_the_jobs_is_a_quorum_queue(place):
    celery = make_celery("marks", broker_url=place[1])
    send_job(celery, uuid4())

    async def declared(kind):
        async with await aio_pika.connect(place[1]) as connection, connection.channel() as channel:
            await channel.declare_queue("lingjun.marks.jobs", durable=True, arguments={"x-queue-type": kind})

    asyncio.run(declared("quorum"))
    with pytest.raises(aio_pika.exceptions.ChannelPreconditionFailed, match="x-queue-type"):
        asyncio.run(declared("classic"))


def test_deadlines_are_looked_at_when_beat_asks_and_a_second_beat_stands_by(place):
    first, second = Database(place[0]), Database(place[0])
    celery = make_celery("marks", broker_url=place[1])
    worker = start_worker(place)

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
    assert marks(first) == [0], "a second look within the same minute changes nothing"
