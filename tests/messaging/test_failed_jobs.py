"""A job that fails for good is dead-lettered, and is requeued once when its dead letter is replayed."""

import asyncio
import json
from typing import ClassVar
from uuid import UUID, uuid4

from sqlmodel import select

from shared.foundation.clock import SystemClock
from shared.foundation.errors import Conflict
from shared.jobs.job import Job, enqueue, requeue_failed
from shared.jobs.worker import JobWorker
from shared.messaging.consumer import Consumer
from shared.messaging.relay import Relay
from shared.messaging.transport import DEAD_LETTERS, Outgoing
from shared.persistence.models import AuditRow, JobRow, OutboxRow
from tests.messaging.conftest import eventually, running


class PrintBadge(Job):
    NAME: ClassVar[str] = "print_badge"
    number: int


def failing_worker(installation, printed=None):
    """Return a worker that refuses the job; with a list `printed`, it executes the job and appends the number."""

    def work(_session, job, *, context):
        if printed is None:
            raise Conflict("没有纸。")
        printed.append(job.number)
        return "printed"

    return JobWorker(
        installation.publisher,
        {PrintBadge: work},
        service=installation.queue,
        clock=SystemClock(),
        tools=installation.tools,
    )


def failed_job(installation) -> UUID:
    with installation.publisher.transaction() as uow:
        job_id = enqueue(uow, PrintBadge(number=7))
    failing_worker(installation).execute(job_id)
    return job_id


def row_of(installation, job_id):
    with installation.publisher.reader() as session:
        return session.exec(select(JobRow).where(JobRow.id == job_id)).one()


def replay_of(dead_letter, replay):
    headers = {name: value for name, value in dead_letter.headers.items() if name.startswith("cloudEvents:")}
    return Outgoing(
        uuid4(), dead_letter.headers["cloudEvents:type"], headers | {"x-lingjun-replay": replay}, dead_letter.body
    )


async def relay_to_dead_letters(installation):
    dead = installation.transport(DEAD_LETTERS)
    await dead.open()
    async with running(Relay(installation.publisher, dead).run):
        found = await asyncio.wait_for(dead.receive(10), 20)
        await eventually(lambda: outbox_is_empty(installation))
    await dead.acknowledge(found)
    await dead.close()
    return found


def outbox_is_empty(installation):
    with installation.publisher.reader() as session:
        return session.exec(select(OutboxRow)).first() is None


async def consume_replays(installation, messages, *, until):
    transport = installation.transport()
    await transport.open()
    assert await transport.send_to(installation.queue, messages) == {}
    consumer = Consumer(
        installation.publisher, transport, {}, clock=SystemClock(), tools=installation.tools, requeue_job=requeue_failed
    )
    async with running(consumer.run):
        await eventually(until)
    await transport.close()


def test_a_failed_job_leaves_a_dead_letter_in_the_same_transaction(installation):
    job_id = failed_job(installation)
    assert row_of(installation, job_id).state == "failed"
    (dead_letter,) = asyncio.run(relay_to_dead_letters(installation))
    assert dead_letter.headers["cloudEvents:id"] == str(job_id)
    assert dead_letter.headers["cloudEvents:type"] == "job.print_badge"
    assert dead_letter.headers["x-lingjun-queue"] == f"{installation.queue}.jobs"
    assert dead_letter.headers["x-lingjun-reason"] == "Conflict: 没有纸。"
    assert json.loads(dead_letter.body) == {"number": 7}


def test_a_replayed_job_is_executed_once_even_if_its_dead_letter_is_delivered_twice(installation):
    job_id = failed_job(installation)
    printed: list[int] = []
    worker = failing_worker(installation, printed)

    async def play():
        (dead_letter,) = await relay_to_dead_letters(installation)
        await consume_replays(
            installation, [replay_of(dead_letter, 1)] * 2, until=lambda: row_of(installation, job_id).state == "waiting"
        )
        worker.execute(job_id)
        await consume_replays(installation, [replay_of(dead_letter, 1), replay_of(dead_letter, 2)], until=lambda: True)

    asyncio.run(play())
    worker.execute(job_id)
    assert printed == [7]
    row = row_of(installation, job_id)
    assert (row.state, row.replays) == ("done", 1)
    with installation.publisher.reader() as session:
        audited = [(row.action, row.subject, row.details) for row in session.exec(select(AuditRow)).all()]
    assert audited == [("job_taken_up", str(job_id), {"job": "print_badge", "replay": 1})]


def test_a_job_that_fails_after_a_replay_names_the_replay_in_its_dead_letter(installation):
    job_id = failed_job(installation)

    async def play():
        (dead_letter,) = await relay_to_dead_letters(installation)
        await consume_replays(
            installation, [replay_of(dead_letter, 1)], until=lambda: row_of(installation, job_id).state == "waiting"
        )
        failing_worker(installation).execute(job_id)
        return await relay_to_dead_letters(installation)

    (second,) = asyncio.run(play())
    assert second.headers["x-lingjun-replay"] == 1
    assert second.headers["cloudEvents:id"] == str(job_id)
