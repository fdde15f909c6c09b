"""Order per subject, as far as it is kept: up to the queue, by one active consumer. What is overtaken changes nothing."""

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
from tests.messaging.conftest import LADDER, eventually, fee_paid
from tests.messaging.outages import waiting
from tests.servers import rabbitmq


def heard(installation) -> list[InboxRow]:
    """What the listener has heard, in the order in which it was said."""
    with installation.listener.reader() as session:
        return list(session.exec(select(InboxRow).order_by(col(InboxRow.sequence))).all())


class Full:
    """A RabbitMQ on which a queue takes no more than a few messages, until `end`."""

    def __init__(self, address, url, queue):
        self._address = address
        self._path, self._pattern = f"/api/policies/{urlsplit(url).path.strip('/')}/{queue}", f"^lingjun.{queue}$"
        assert self._limit(2) == 201

    def end(self):
        # A limit that is raised and not removed: RabbitMQ 3.10 tells publishers of the former alone.
        assert self._limit(1_000_000) == 204

    def _limit(self, most):
        definition = {"pattern": self._pattern, "definition": {"max-length": most}, "apply-to": "queues"}
        return rabbitmq.request(self._address, "PUT", self._path, definition)


@pytest.mark.parametrize("bus_url", ["rabbitmq"], indirect=True)
def test_rows_that_the_broker_refuses_stay_alone_and_loud_and_being_overtaken_they_change_nothing(
    installation, rabbitmq_server
):
    """A refused row rests, and those behind it go ahead, also its subject's: holding them back would let one event that
    nobody's queue takes stop everything that is said of its subject. Whoever hears it late passes it over as stale."""
    subject = uuid4()
    states: list[int] = []

    async def play():
        await declared(installation)
        full = Full(rabbitmq_server, installation.bus_url, installation.queue)
        async with installation.relaying():
            said = 0
            while not refusals(logs) and said < 1000:
                said += 1
                installation.say(fee_paid(said, subject))
                await asyncio.sleep(0.05)
            full.end()
            async with installation.consuming(lambda _session, event, *, context: states.append(event.paid_fen)):
                installation.say(fee_paid(said + 1, subject))
                await eventually(lambda: waiting(installation) == 0 and len(heard(installation)) == said + 1, seconds=60)
        return said + 1

    with capture_logs() as logs:
        said = asyncio.run(play())
    assert {entry["log_level"] for entry in refusals(logs)} == {"error"}
    assert states == sorted(states)
    assert states[-1] == said
    assert [row.sequence for row in heard(installation)] == list(range(1, said + 1))
    assert {row.sequence for row in heard(installation) if row.outcome == "handled"} == set(states)


def refusals(logs):
    return [entry for entry in logs if entry["event"] == "event_not_accepted"]


async def declared(installation):
    transport = installation.transport()
    await transport.open()
    await transport.close()


def test_a_parked_event_that_its_successor_overtakes_changes_nothing_when_it_comes(installation):
    subject, states = uuid4(), []

    def handler(_session, event, *, context):
        if event.paid_fen == 1:
            raise OutOfOrder
        states.append(event.paid_fen)

    async def play():
        installation.say(fee_paid(1, subject), fee_paid(2, subject))
        async with installation.consuming(handler), installation.relaying():
            await eventually(lambda: len(heard(installation)) == 2)

    asyncio.run(play())
    assert (states, [row.outcome for row in heard(installation)]) == ([2], ["stale", "handled"])


def test_an_event_waits_longer_before_each_try_and_is_given_up_after_the_last(installation):
    tries = []

    def handler(_session, _event, *, context):
        tries.append(time.time())
        raise RuntimeError("never")

    async def play():
        dead = installation.transport(DEAD_LETTERS)
        await dead.open()
        async with installation.consuming(handler), installation.relaying():
            installation.say(fee_paid(1))
            await dead.done(await asyncio.wait_for(dead.receive(10), 20))
        await dead.close()

    asyncio.run(play())
    pauses = [later - earlier for earlier, later in pairwise(tries)]
    assert len(pauses) == len(LADDER)
    assert [pause >= rung.total_seconds() for pause, rung in zip(pauses, LADDER, strict=True)] == [True] * len(LADDER)


def test_what_waits_is_handled_many_at_a_time_in_one_transaction(installation):
    sessions: list[Session] = []

    def handler(uow, _event, *, context):
        if not sessions:
            time.sleep(1)
        if uow.session not in sessions:
            sessions.append(uow.session)

    async def play():
        installation.say(*[fee_paid(number) for number in range(200)])
        async with installation.consuming(handler), installation.relaying():
            await eventually(lambda: len(heard(installation)) == 200)

    asyncio.run(play())
    assert len(sessions) <= 10


def test_one_consumer_hears_and_the_other_stands_by_until_the_first_is_gone(installation):
    async def play():
        first, second = installation.transport(), installation.transport()
        await first.open()
        await second.open()
        batch = [Outgoing(uuid4(), fee_paid().TYPE, {"number": number}, b"{}") for number in range(20)]
        got = asyncio.create_task(first.receive(1))
        await asyncio.sleep(0.5)
        standing_by = asyncio.create_task(second.receive(100))
        assert await second.publish(batch) == {}
        numbers = [delivery.headers["number"] for delivery in await asyncio.wait_for(got, 20)]
        await first.done(got.result())
        await asyncio.sleep(1)
        assert not standing_by.done()
        await first.close()
        while len(numbers) < len(batch):
            found = await asyncio.wait_for(standing_by, 20)
            numbers += [delivery.headers["number"] for delivery in found]
            await second.done(found)
            if len(numbers) < len(batch):
                standing_by = asyncio.create_task(second.receive(100))
        await second.close()
        return numbers

    assert asyncio.run(play()) == list(range(20))
