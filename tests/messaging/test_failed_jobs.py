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


def failing(house, printed=None):
    """A job that was refused, and the worker that refuses it until `printed` is given."""

    def work(_session, job, *, context):
        if printed is None:
            raise Conflict("没有纸。")
        printed.append(job.number)
        return "printed"

    return JobWorker(house.speaker, {PrintBadge: work}, service=house.queue, clock=SystemClock(), tools=house.tools)


def failed_job(house) -> UUID:
    with house.speaker.transaction() as uow:
        job_id = enqueue(uow, PrintBadge(number=7))
    failing(house).execute(job_id)
    return job_id


def row_of(house, job_id):
    with house.speaker.reader() as session:
        return session.exec(select(JobRow).where(JobRow.id == job_id)).one()


def again(letter, replay):
    headers = {name: value for name, value in letter.headers.items() if name.startswith("cloudEvents:")}
    return Outgoing(uuid4(), letter.headers["cloudEvents:type"], headers | {"x-lingjun-replay": replay}, letter.body)


async def buried(house):
    dead = house.transport(DEAD_LETTERS)
    await dead.open()
    async with running(Relay(house.speaker, dead).run):
        found = await asyncio.wait_for(dead.receive(10), 20)
        await eventually(lambda: outbox_is_empty(house))
    await dead.done(found)
    await dead.close()
    return found


def outbox_is_empty(house):
    with house.speaker.reader() as session:
        return session.exec(select(OutboxRow)).first() is None


async def replayed(house, messages, *, until):
    transport = house.transport()
    await transport.open()
    assert await transport.send_to(house.queue, messages) == {}
    consumer = Consumer(
        house.speaker, transport, {}, clock=SystemClock(), tools=house.tools, requeue_job=requeue_failed
    )
    async with running(consumer.run):
        await eventually(until)
    await transport.close()


def test_a_job_that_fails_for_good_leaves_a_dead_letter_in_the_same_transaction(house):
    job_id = failed_job(house)
    assert row_of(house, job_id).state == "failed"
    (letter,) = asyncio.run(buried(house))
    assert letter.headers["cloudEvents:id"] == str(job_id)
    assert letter.headers["cloudEvents:type"] == "job.print_badge"
    assert letter.headers["x-lingjun-queue"] == f"{house.queue}.jobs"
    assert letter.headers["x-lingjun-reason"] == "Conflict: 没有纸。"
    assert json.loads(letter.body) == {"number": 7}


def test_a_job_whose_letter_is_sent_again_is_done_once_however_often_the_letter_is_delivered(house):
    job_id = failed_job(house)
    printed: list[int] = []
    worker = failing(house, printed)

    async def play():
        (letter,) = await buried(house)
        await replayed(house, [again(letter, 1)] * 2, until=lambda: row_of(house, job_id).state == "waiting")
        worker.execute(job_id)
        await replayed(house, [again(letter, 1), again(letter, 2)], until=lambda: True)

    asyncio.run(play())
    worker.execute(job_id)
    assert printed == [7]
    row = row_of(house, job_id)
    assert (row.state, row.replays) == ("done", 1)
    with house.speaker.reader() as session:
        acts = [(act.action, act.subject, act.details) for act in session.exec(select(AuditRow)).all()]
    assert acts == [("job_taken_up", str(job_id), {"job": "print_badge", "replay": 1})]


def test_a_job_that_fails_again_after_its_replay_says_of_which_replay_its_letter_is(house):
    job_id = failed_job(house)

    async def play():
        (letter,) = await buried(house)
        await replayed(house, [again(letter, 1)], until=lambda: row_of(house, job_id).state == "waiting")
        failing(house).execute(job_id)
        return await buried(house)

    (second,) = asyncio.run(play())
    assert second.headers["x-lingjun-replay"] == 1
    assert second.headers["cloudEvents:id"] == str(job_id)
