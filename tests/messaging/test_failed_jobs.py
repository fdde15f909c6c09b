"""A job that fails for good lands with the dead letters, and is taken up again, once, when its letter is sent again."""

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


def failing(installation, printed=None):
    """A job that was refused, and the worker that refuses it until `printed` is given."""

    def work(_session, job, *, context):
        if printed is None:
            raise Conflict("没有纸。")
        printed.append(job.number)
        return "printed"

    return JobWorker(installation.speaker, {PrintBadge: work}, service=installation.queue, clock=SystemClock(), tools=installation.tools)


def failed_job(installation) -> UUID:
    with installation.speaker.transaction() as uow:
        job_id = enqueue(uow, PrintBadge(number=7))
    failing(installation).execute(job_id)
    return job_id


def row_of(installation, job_id):
    with installation.speaker.reader() as session:
        return session.exec(select(JobRow).where(JobRow.id == job_id)).one()


def again(letter, replay):
    headers = {name: value for name, value in letter.headers.items() if name.startswith("cloudEvents:")}
    return Outgoing(uuid4(), letter.headers["cloudEvents:type"], headers | {"x-lingjun-replay": replay}, letter.body)


async def buried(installation):
    dead = installation.transport(DEAD_LETTERS)
    await dead.open()
    async with running(Relay(installation.speaker, dead).run):
        found = await asyncio.wait_for(dead.receive(10), 20)
        await eventually(lambda: outbox_is_empty(installation))
    await dead.done(found)
    await dead.close()
    return found


def outbox_is_empty(installation):
    with installation.speaker.reader() as session:
        return session.exec(select(OutboxRow)).first() is None


async def replayed(installation, messages, *, until):
    transport = installation.transport()
    await transport.open()
    assert await transport.send_to(installation.queue, messages) == {}
    consumer = Consumer(
        installation.speaker, transport, {}, clock=SystemClock(), tools=installation.tools, requeue_job=requeue_failed
    )
    async with running(consumer.run):
        await eventually(until)
    await transport.close()


def test_a_job_that_fails_for_good_leaves_a_dead_letter_in_the_same_transaction(installation):
    job_id = failed_job(installation)
    assert row_of(installation, job_id).state == "failed"
    (letter,) = asyncio.run(buried(installation))
    assert letter.headers["cloudEvents:id"] == str(job_id)
    assert letter.headers["cloudEvents:type"] == "job.print_badge"
    assert letter.headers["x-lingjun-queue"] == f"{installation.queue}.jobs"
    assert letter.headers["x-lingjun-reason"] == "Conflict: 没有纸。"
    assert json.loads(letter.body) == {"number": 7}


def test_a_job_whose_letter_is_sent_again_is_done_once_however_often_the_letter_is_delivered(installation):
    job_id = failed_job(installation)
    printed: list[int] = []
    worker = failing(installation, printed)

    async def play():
        (letter,) = await buried(installation)
        await replayed(installation, [again(letter, 1)] * 2, until=lambda: row_of(installation, job_id).state == "waiting")
        worker.execute(job_id)
        await replayed(installation, [again(letter, 1), again(letter, 2)], until=lambda: True)

    asyncio.run(play())
    worker.execute(job_id)
    assert printed == [7]
    row = row_of(installation, job_id)
    assert (row.state, row.replays) == ("done", 1)
    with installation.speaker.reader() as session:
        acts = [(act.action, act.subject, act.details) for act in session.exec(select(AuditRow)).all()]
    assert acts == [("job_taken_up", str(job_id), {"job": "print_badge", "replay": 1})]


def test_a_job_that_fails_again_after_its_replay_says_of_which_replay_its_letter_is(installation):
    job_id = failed_job(installation)

    async def play():
        (letter,) = await buried(installation)
        await replayed(installation, [again(letter, 1)], until=lambda: row_of(installation, job_id).state == "waiting")
        failing(installation).execute(job_id)
        return await buried(installation)

    (second,) = asyncio.run(play())
    assert second.headers["x-lingjun-replay"] == 1
    assert second.headers["cloudEvents:id"] == str(job_id)
