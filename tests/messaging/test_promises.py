"""Contract of the bus, tested on the embedded bus and on a real RabbitMQ: delivered at least once, effective once."""

import asyncio
from uuid import uuid4

import pytest
from sqlmodel import col, func, select

from shared.foundation.errors import Conflict, OutOfOrder
from shared.messaging.transport import DEAD_LETTERS, Outgoing
from shared.persistence.models import InboxRow, OutboxRow
from tests.messaging.conftest import eventually, fee_paid, running


def inbox(installation):
    with installation.subscriber.reader() as session:
        return session.exec(select(InboxRow).order_by(col(InboxRow.sequence))).all()


def outbox_size(installation):
    with installation.publisher.reader() as session:
        return session.exec(select(func.count()).select_from(OutboxRow)).one()


def test_events_are_handled_once_in_order_and_removed_from_the_outbox(installation):
    handled = []

    async def play():
        subject = uuid4()
        installation.publish(*[fee_paid(number, subject) for number in range(1, 51)])
        async with (
            installation.consuming(lambda _session, event, *, context: handled.append(event.paid_fen)),
            installation.relaying(),
        ):
            await eventually(lambda: len(inbox(installation)) == 50 and outbox_size(installation) == 0)

    asyncio.run(play())
    assert handled == list(range(1, 51))
    assert [row.outcome for row in inbox(installation)] == ["handled"] * 50


def test_an_event_published_in_a_failed_transaction_is_never_delivered(installation):
    handled = []

    async def play():
        try:
            with installation.publisher.transaction() as uow:
                uow.publish(fee_paid(1), now=fee_paid().paid_at)
                raise Conflict("no")
        except Conflict:
            pass
        installation.publish(fee_paid(2))
        async with (
            installation.consuming(lambda _session, event, *, context: handled.append(event.paid_fen)),
            installation.relaying(),
        ):
            await eventually(lambda: len(inbox(installation)) == 1)

    asyncio.run(play())
    assert handled == [2]


def test_an_event_delivered_twice_takes_effect_once(installation):
    handled = []

    async def play():
        installation.publish(fee_paid(1))
        with installation.publisher.reader() as session:
            row = session.exec(select(OutboxRow)).one()
        twice = [Outgoing(row.event_id, row.headers["cloudEvents:type"], row.headers, row.body.encode())]
        transport = installation.transport()
        await transport.open()
        async with (
            installation.consuming(lambda _session, event, *, context: handled.append(event.paid_fen)),
            installation.relaying(),
        ):
            await transport.publish(twice)
            await eventually(lambda: outbox_size(installation) == 0)
            installation.publish(fee_paid(2))
            await eventually(lambda: len(inbox(installation)) == 2)
        await transport.close()

    asyncio.run(play())
    assert handled == [1, 2]


def test_an_out_of_order_event_is_retried_until_its_predecessor_is_handled(installation):
    handled = []

    def handler(_session, event, *, context):
        if event.paid_fen == 2 and 1 not in handled:
            raise OutOfOrder
        handled.append(event.paid_fen)

    async def play():
        installation.publish(fee_paid(2), fee_paid(1))
        async with installation.consuming(handler), installation.relaying():
            await eventually(lambda: len(inbox(installation)) == 2)

    asyncio.run(play())
    assert sorted(handled) == [1, 2]
    assert handled[-1] == 2


def test_a_failing_event_is_dead_lettered_without_delaying_or_undoing_others(installation):
    tries = []

    def handler(_session, event, *, context):
        if event.paid_fen == 7:
            tries.append(event.paid_fen)
            raise RuntimeError("the seventh never works")

    async def play():
        installation.publish(*[fee_paid(number) for number in range(1, 21)])
        dead = installation.transport(DEAD_LETTERS)
        await dead.open()
        async with installation.consuming(handler), installation.relaying():
            await eventually(lambda: len(inbox(installation)) == 19)
            found = (await asyncio.wait_for(dead.receive(10), 20))[0]
            await dead.acknowledge([found])
        await dead.close()
        return found

    found = asyncio.run(play())
    assert found.headers["x-lingjun-reason"] == "RuntimeError: the seventh never works"
    assert found.headers["x-lingjun-queue"] == installation.queue
    assert b'"paid_fen":7' in found.body
    assert len(tries) >= 3


def test_a_refused_event_is_dead_lettered_at_once(installation):
    tries = []

    def handler(_session, event, *, context):
        tries.append(event.paid_fen)
        raise Conflict("此席位已释放。")

    async def play():
        installation.publish(fee_paid(1))
        dead = installation.transport(DEAD_LETTERS)
        await dead.open()
        async with installation.consuming(handler), installation.relaying():
            found = (await asyncio.wait_for(dead.receive(10), 20))[0]
            await dead.acknowledge([found])
        await dead.close()
        return found

    assert asyncio.run(play()).headers["x-lingjun-reason"] == "Conflict: 此席位已释放。"
    assert tries == [1]


def test_an_unreadable_message_is_dead_lettered_unchanged(installation):
    handled = []

    async def play():
        transport, dead = installation.transport(), installation.transport(DEAD_LETTERS)
        await transport.open()
        await dead.open()
        junk = Outgoing(uuid4(), fee_paid().TYPE, {"cloudEvents:id": "not an id"}, b"\xff\x00 no json")
        await transport.publish([junk])
        installation.publish(fee_paid(2))
        async with (
            installation.consuming(lambda _session, event, *, context: handled.append(event.paid_fen)),
            installation.relaying(),
        ):
            await eventually(lambda: len(inbox(installation)) == 1)
            found = (await asyncio.wait_for(dead.receive(10), 20))[0]
            await dead.acknowledge([found])
        await transport.close()
        await dead.close()
        return found

    assert asyncio.run(play()).body == b"\xff\x00 no json"
    assert handled == [2]


def test_a_stale_event_is_acknowledged_and_changes_nothing(installation):
    handled = []

    async def play():
        subject = uuid4()
        installation.publish(fee_paid(1, subject), fee_paid(2, subject))
        with installation.publisher.reader() as session:
            rows = session.exec(select(OutboxRow).order_by(col(OutboxRow.id).desc())).all()
        backwards = [Outgoing(row.event_id, fee_paid().TYPE, row.headers, row.body.encode()) for row in rows]
        transport = installation.transport()
        await transport.open()
        await transport.publish(backwards)
        async with installation.consuming(lambda _session, event, *, context: handled.append(event.paid_fen)):
            await eventually(lambda: len(inbox(installation)) == 2)
        await transport.close()

    asyncio.run(play())
    assert handled == [2]
    assert [row.outcome for row in inbox(installation)] == ["stale", "handled"]


def test_unacknowledged_deliveries_are_redelivered_to_the_next_consumer(installation):
    handled = []

    async def play():
        installation.publish(fee_paid(1), fee_paid(2))
        first = installation.transport()
        await first.open()
        async with installation.relaying():
            received = await asyncio.wait_for(first.receive(10), 20)
            assert received != []
            await first.close()
            async with installation.consuming(lambda _session, event, *, context: handled.append(event.paid_fen)):
                await eventually(lambda: len(inbox(installation)) == 2)

    asyncio.run(play())
    assert handled == [1, 2]


def test_an_unroutable_event_stays_in_the_outbox(installation):
    async def play():
        transport = installation.transport()
        await transport.open()
        stray = Outgoing(uuid4(), "unknown.event.v1", {}, b"{}")
        refused = await transport.publish([stray])
        await transport.close()
        return stray, refused

    stray, refused = asyncio.run(play())
    assert list(refused) == [stray.id]


def test_two_relays_of_one_outbox_lose_and_repeat_no_effect(installation):
    handled = []

    async def play():
        installation.publish(*[fee_paid(number) for number in range(1, 31)])
        async with (
            installation.consuming(lambda _session, event, *, context: handled.append(event.paid_fen)),
            installation.relaying(),
            installation.relaying(),
        ):
            await eventually(lambda: len(inbox(installation)) == 30 and outbox_size(installation) == 0)

    asyncio.run(play())
    assert sorted(handled) == list(range(1, 31))


def test_the_running_helper_reports_a_failed_worker():
    async def fails():
        raise ConnectionError("gone")

    async def play():
        async with running(fails):
            await asyncio.sleep(0.01)

    with pytest.raises(ConnectionError, match="gone"):
        asyncio.run(play())
