"""Order per subject is kept up to the queue, by one active consumer. An overtaken event changes nothing."""

import asyncio
import time
from itertools import pairwise
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from sqlmodel import Session, col, select
from structlog.testing import capture_logs

from shared.foundation.errors import OutOfOrder
from shared.messaging.transport import DEAD_LETTERS, Outgoing
from shared.persistence.models import InboxRow
from tests.messaging.conftest import RETRY_DELAYS, eventually, fee_paid
from tests.messaging.outages import waiting
from tests.servers import rabbitmq


def inbox(installation) -> list[InboxRow]:
    """Return the subscriber's inbox, in the order of publication."""
    with installation.subscriber.reader() as session:
        return list(session.exec(select(InboxRow).order_by(col(InboxRow.sequence))).all())


class FullQueue:
    """A RabbitMQ queue that is limited to two messages, until `end` raises the limit."""

    def __init__(self, address, url, queue):
        self._address = address
        self._path, self._pattern = f"/api/policies/{urlsplit(url).path.strip('/')}/{queue}", f"^lingjun.{queue}$"
        assert self._limit(2) == 201

    def end(self):
        # Raise the limit instead of removing it: RabbitMQ 3.10 unblocks publishers only in the first case.
        assert self._limit(1_000_000) == 204

    def _limit(self, most):
        definition = {"pattern": self._pattern, "definition": {"max-length": most}, "apply-to": "queues"}
        return rabbitmq.request(self._address, "PUT", self._path, definition)


@pytest.mark.parametrize("bus_url", ["rabbitmq"], indirect=True)
def test_refused_rows_are_logged_retried_and_stale_when_overtaken(installation, rabbitmq_server):
    """A refused row waits while later rows are published, also rows of its subject. Holding them back would let one
    unroutable event block all events of its subject. A subscriber that receives the row late treats it as stale."""
    subject = uuid4()
    states: list[int] = []

    async def play():
        await declare_queue(installation)
        full = FullQueue(rabbitmq_server, installation.bus_url, installation.queue)
        async with installation.relaying():
            published = 0
            while not refusals(logs) and published < 1000:
                published += 1
                installation.publish(fee_paid(published, subject))
                await asyncio.sleep(0.05)
            full.end()
            async with installation.consuming(lambda _session, event, *, context: states.append(event.paid_fen)):
                installation.publish(fee_paid(published + 1, subject))
                await eventually(
                    lambda: waiting(installation) == 0 and len(inbox(installation)) == published + 1, seconds=60
                )
        return published + 1

    with capture_logs() as logs:
        published = asyncio.run(play())
    assert {entry["log_level"] for entry in refusals(logs)} == {"error"}
    assert states == sorted(states)
    assert states[-1] == published
    assert [row.sequence for row in inbox(installation)] == list(range(1, published + 1))
    assert {row.sequence for row in inbox(installation) if row.outcome == "handled"} == set(states)


def refusals(logs):
    return [entry for entry in logs if entry["event"] == "event_not_accepted"]


async def declare_queue(installation):
    transport = installation.transport()
    await transport.open()
    await transport.close()


def test_a_parked_event_overtaken_by_its_successor_is_stale(installation):
    subject, states = uuid4(), []

    def handler(_session, event, *, context):
        if event.paid_fen == 1:
            raise OutOfOrder
        states.append(event.paid_fen)

    async def play():
        installation.publish(fee_paid(1, subject), fee_paid(2, subject))
        async with installation.consuming(handler), installation.relaying():
            await eventually(lambda: len(inbox(installation)) == 2)

    asyncio.run(play())
    assert (states, [row.outcome for row in inbox(installation)]) == ([2], ["stale", "handled"])


def test_an_event_is_retried_after_each_delay_and_then_dead_lettered(installation):
    tries = []

    def handler(_session, _event, *, context):
        tries.append(time.time())
        raise RuntimeError("never")

    async def play():
        dead = installation.transport(DEAD_LETTERS)
        await dead.open()
        async with installation.consuming(handler), installation.relaying():
            installation.publish(fee_paid(1))
            await dead.acknowledge(await asyncio.wait_for(dead.receive(10), 20))
        await dead.close()

    asyncio.run(play())
    pauses = [later - earlier for earlier, later in pairwise(tries)]
    assert len(pauses) == len(RETRY_DELAYS)
    assert [pause >= delay.total_seconds() for pause, delay in zip(pauses, RETRY_DELAYS, strict=True)] == [True] * len(
        RETRY_DELAYS
    )


def test_waiting_events_are_handled_in_batches_per_transaction(installation):
    sessions: list[Session] = []

    def handler(uow, _event, *, context):
        if not sessions:
            time.sleep(1)
        if uow.session not in sessions:
            sessions.append(uow.session)

    async def play():
        installation.publish(*[fee_paid(number) for number in range(200)])
        async with installation.consuming(handler), installation.relaying():
            await eventually(lambda: len(inbox(installation)) == 200)

    asyncio.run(play())
    assert len(sessions) <= 20


def test_a_second_consumer_receives_only_after_the_first_closes(installation):
    async def play():
        first, second = installation.transport(), installation.transport()
        await first.open()
        await second.open()
        batch = [Outgoing(uuid4(), fee_paid().TYPE, {"number": number}, b"{}") for number in range(20)]
        got = asyncio.create_task(first.receive(1))
        await asyncio.sleep(0.5)
        second_receive = asyncio.create_task(second.receive(100))
        assert await second.publish(batch) == {}
        numbers = [delivery.headers["number"] for delivery in await asyncio.wait_for(got, 20)]
        await first.acknowledge(got.result())
        await asyncio.sleep(1)
        assert not second_receive.done()
        await first.close()
        while len(numbers) < len(batch):
            found = await asyncio.wait_for(second_receive, 20)
            numbers += [delivery.headers["number"] for delivery in found]
            await second.acknowledge(found)
            if len(numbers) < len(batch):
                second_receive = asyncio.create_task(second.receive(100))
        await second.close()
        return numbers

    assert asyncio.run(play()) == list(range(20))
