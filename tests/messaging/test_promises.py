"""What the bus promises, run on the embedded bus and on a real RabbitMQ: at least once on the wire, once in effect."""

import asyncio
from uuid import uuid4

import pytest
from sqlmodel import col, func, select

from shared.foundation.errors import Conflict, OutOfOrder
from shared.messaging.transport import DEAD_LETTERS, Outgoing
from shared.persistence.models import InboxRow, OutboxRow
from tests.messaging.conftest import eventually, fee_paid, running


def inbox(installation):
    with installation.listener.reader() as session:
        return session.exec(select(InboxRow).order_by(col(InboxRow.sequence))).all()


def outbox_size(installation):
    with installation.speaker.reader() as session:
        return session.exec(select(func.count()).select_from(OutboxRow)).one()


def test_every_event_is_handled_once_and_in_order_and_leaves_the_outbox(installation):
    heard = []

    async def play():
        subject = uuid4()
        installation.say(*[fee_paid(number, subject) for number in range(1, 51)])
        async with installation.consuming(lambda _session, event, *, context: heard.append(event.paid_fen)), installation.relaying():
            await eventually(lambda: len(inbox(installation)) == 50 and outbox_size(installation) == 0)

    asyncio.run(play())
    assert heard == list(range(1, 51))
    assert [row.outcome for row in inbox(installation)] == ["handled"] * 50


def test_an_event_said_in_a_transaction_that_fails_is_never_heard(installation):
    heard = []

    async def play():
        try:
            with installation.speaker.transaction() as uow:
                uow.publish(fee_paid(1), now=fee_paid().paid_at)
                raise Conflict("no")
        except Conflict:
            pass
        installation.say(fee_paid(2))
        async with installation.consuming(lambda _session, event, *, context: heard.append(event.paid_fen)), installation.relaying():
            await eventually(lambda: len(inbox(installation)) == 1)

    asyncio.run(play())
    assert heard == [2]


def test_an_event_that_is_delivered_twice_takes_effect_once(installation):
    heard = []

    async def play():
        installation.say(fee_paid(1))
        with installation.speaker.reader() as session:
            row = session.exec(select(OutboxRow)).one()
        twice = [Outgoing(row.event_id, row.headers["cloudEvents:type"], row.headers, row.body.encode())]
        transport = installation.transport()
        await transport.open()
        async with installation.consuming(lambda _session, event, *, context: heard.append(event.paid_fen)), installation.relaying():
            await transport.publish(twice)
            await eventually(lambda: outbox_size(installation) == 0)
            installation.say(fee_paid(2))
            await eventually(lambda: len(inbox(installation)) == 2)
        await transport.close()

    asyncio.run(play())
    assert heard == [1, 2]


def test_an_event_that_comes_too_early_is_retried_until_its_predecessor_is_there(installation):
    heard = []

    def handler(_session, event, *, context):
        if event.paid_fen == 2 and 1 not in heard:
            raise OutOfOrder
        heard.append(event.paid_fen)

    async def play():
        installation.say(fee_paid(2), fee_paid(1))
        async with installation.consuming(handler), installation.relaying():
            await eventually(lambda: len(inbox(installation)) == 2)

    asyncio.run(play())
    assert sorted(heard) == [1, 2]
    assert heard[-1] == 2


def test_one_bad_event_does_not_hold_up_or_undo_the_others_and_ends_in_the_dead_letters(installation):
    tries = []

    def handler(_session, event, *, context):
        if event.paid_fen == 7:
            tries.append(event.paid_fen)
            raise RuntimeError("the seventh never works")

    async def play():
        installation.say(*[fee_paid(number) for number in range(1, 21)])
        dead = installation.transport(DEAD_LETTERS)
        await dead.open()
        async with installation.consuming(handler), installation.relaying():
            await eventually(lambda: len(inbox(installation)) == 19)
            found = (await asyncio.wait_for(dead.receive(10), 20))[0]
            await dead.done([found])
        await dead.close()
        return found

    found = asyncio.run(play())
    assert found.headers["x-lingjun-reason"] == "RuntimeError: the seventh never works"
    assert found.headers["x-lingjun-queue"] == installation.queue
    assert b'"paid_fen":7' in found.body
    assert len(tries) >= 3


def test_a_refused_event_goes_to_the_dead_letters_at_once(installation):
    tries = []

    def handler(_session, event, *, context):
        tries.append(event.paid_fen)
        raise Conflict("此席位已释放。")

    async def play():
        installation.say(fee_paid(1))
        dead = installation.transport(DEAD_LETTERS)
        await dead.open()
        async with installation.consuming(handler), installation.relaying():
            found = (await asyncio.wait_for(dead.receive(10), 20))[0]
            await dead.done([found])
        await dead.close()
        return found

    assert asyncio.run(play()).headers["x-lingjun-reason"] == "Conflict: 此席位已释放。"
    assert tries == [1]


def test_an_unreadable_message_goes_to_the_dead_letters_as_it_is_and_stops_nobody(installation):
    heard = []

    async def play():
        transport, dead = installation.transport(), installation.transport(DEAD_LETTERS)
        await transport.open()
        await dead.open()
        junk = Outgoing(uuid4(), fee_paid().TYPE, {"cloudEvents:id": "not an id"}, b"\xff\x00 no json")
        await transport.publish([junk])
        installation.say(fee_paid(2))
        async with installation.consuming(lambda _session, event, *, context: heard.append(event.paid_fen)), installation.relaying():
            await eventually(lambda: len(inbox(installation)) == 1)
            found = (await asyncio.wait_for(dead.receive(10), 20))[0]
            await dead.done([found])
        await transport.close()
        await dead.close()
        return found

    assert asyncio.run(play()).body == b"\xff\x00 no json"
    assert heard == [2]


def test_a_stale_event_is_acknowledged_and_changes_nothing(installation):
    heard = []

    async def play():
        subject = uuid4()
        installation.say(fee_paid(1, subject), fee_paid(2, subject))
        with installation.speaker.reader() as session:
            rows = session.exec(select(OutboxRow).order_by(col(OutboxRow.id).desc())).all()
        backwards = [Outgoing(row.event_id, fee_paid().TYPE, row.headers, row.body.encode()) for row in rows]
        transport = installation.transport()
        await transport.open()
        await transport.publish(backwards)
        async with installation.consuming(lambda _session, event, *, context: heard.append(event.paid_fen)):
            await eventually(lambda: len(inbox(installation)) == 2)
        await transport.close()

    asyncio.run(play())
    assert heard == [2]
    assert [row.outcome for row in inbox(installation)] == ["stale", "handled"]


def test_what_was_received_and_not_settled_is_delivered_again_to_the_next_consumer(installation):
    heard = []

    async def play():
        installation.say(fee_paid(1), fee_paid(2))
        first = installation.transport()
        await first.open()
        async with installation.relaying():
            received = await asyncio.wait_for(first.receive(10), 20)
            assert received != []
            await first.close()
            async with installation.consuming(lambda _session, event, *, context: heard.append(event.paid_fen)):
                await eventually(lambda: len(inbox(installation)) == 2)

    asyncio.run(play())
    assert heard == [1, 2]


def test_an_event_that_no_queue_is_bound_to_stays_in_the_outbox(installation):
    async def play():
        transport = installation.transport()
        await transport.open()
        stray = Outgoing(uuid4(), "nobody.heard_of.v1", {}, b"{}")
        refused = await transport.publish([stray])
        await transport.close()
        return stray, refused

    stray, refused = asyncio.run(play())
    assert list(refused) == [stray.id]


def test_two_relays_of_one_outbox_lose_nothing_and_double_nothing_in_effect(installation):
    heard = []

    async def play():
        installation.say(*[fee_paid(number) for number in range(1, 31)])
        async with (
            installation.consuming(lambda _session, event, *, context: heard.append(event.paid_fen)),
            installation.relaying(),
            installation.relaying(),
        ):
            await eventually(lambda: len(inbox(installation)) == 30 and outbox_size(installation) == 0)

    asyncio.run(play())
    assert sorted(heard) == list(range(1, 31))


def test_the_running_helper_reports_a_failed_worker():
    async def fails():
        raise ConnectionError("gone")

    async def play():
        async with running(fails):
            await asyncio.sleep(0.01)

    with pytest.raises(ConnectionError, match="gone"):
        asyncio.run(play())
