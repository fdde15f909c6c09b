"""The event log of both buses keeps every accepted event once and in order, and can be replayed into a service."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import aio_pika
import pytest
from aiormq.abc import FieldValue
from sqlmodel import select

from shared.events.billing import FeePaid
from shared.foundation.clock import SystemClock
from shared.foundation.errors import OutOfOrder
from shared.messaging.backfill import replay_log
from shared.messaging.consumer import Consumer
from shared.messaging.embedded import EmbeddedBus, EmbeddedTransport
from shared.messaging.sync_publisher import SyncPublisher
from shared.messaging.topology import LOG
from shared.messaging.transport import Outgoing
from shared.persistence.models import InboxRow, LastSequence, OutboxRow
from shared.wiring.process import make_transport
from tests.messaging.conftest import eventually, fee_paid
from tests.servers import rabbitmq


def outbox_is_empty(installation):
    with installation.publisher.reader() as session:
        return session.exec(select(OutboxRow)).first() is None


async def subjects_in_the_log(transport):
    return [delivery.headers["cloudEvents:subject"] async for delivery in transport.read_log()]


def new_consumer(installation, transport, handler):
    return Consumer(
        installation.subscriber, transport, {FeePaid: handler}, clock=SystemClock(), tools=installation.tools
    )


def test_the_log_keeps_published_events_in_order_after_they_are_handled(installation):
    published = [fee_paid(number) for number in range(1, 701)]

    async def play():
        installation.publish(*published)
        transport = installation.transport()
        await transport.open()
        before = len(await subjects_in_the_log(transport))
        async with installation.consuming(lambda _session, _event, *, context: None), installation.relaying():
            await eventually(lambda: outbox_is_empty(installation))
        found = [await subjects_in_the_log(transport) for _ in range(2)]
        await transport.close()
        return [subjects[before:] for subjects in found]

    assert asyncio.run(play()) == [[event.subject for event in published]] * 2


def test_messages_sent_directly_to_a_queue_are_not_logged(installation):
    async def play():
        transport = installation.transport()
        await transport.open()
        before = len(await subjects_in_the_log(transport))
        message = Outgoing(uuid4(), FeePaid.TYPE, {"cloudEvents:subject": "x"}, b"{}")
        assert await transport.send_to(installation.queue, [message]) == {}
        found = await asyncio.wait_for(transport.receive(10), 20)
        assert list(await transport.send_to("missing", [message])) == [message.id]
        after = len(await subjects_in_the_log(transport))
        await transport.close()
        return [delivery.headers["cloudEvents:subject"] for delivery in found], after - before

    assert asyncio.run(play()) == (["x"], 0)


def test_a_new_subscriber_replays_the_log_once_even_if_events_are_out_of_order(installation):
    published = [fee_paid(number) for number in range(1, 251)]

    def handler(uow, event, *, context):
        if event.subject == published[0].subject and "2" not in effects(uow.session):
            raise OutOfOrder
        if event.subject in own:
            uow.session.add(LastSequence(source="effect", subject=str(event.paid_fen), part=event.subject, sequence=0))
            uow.session.flush()

    own = {event.subject for event in published}

    def effects(session):
        return session.exec(select(LastSequence.subject).where(LastSequence.source == "effect")).all()

    async def play():
        installation.publish(*published)
        transport = installation.transport()
        await transport.open()
        async with installation.relaying():
            await eventually(lambda: outbox_is_empty(installation))
        consumer = new_consumer(installation, transport, handler)
        first = await replay_log(transport, consumer)
        second = await replay_log(transport, consumer)
        await transport.close()
        return first, second

    first, second = asyncio.run(play())
    assert first.read == second.read
    assert (first.failed, second.failed) == ((), ())
    with installation.subscriber.reader() as session:
        assert sorted(map(int, effects(session))) == list(range(1, 251))
        assert len([row for row in session.exec(select(InboxRow)).all() if row.subject in own]) == 250


def test_replay_reports_events_that_fail_and_handles_the_others(installation):
    published = [fee_paid(number) for number in range(1, 21)]

    def handler(_session, event, *, context):
        if event.subject == published[6].subject:
            raise RuntimeError("the seventh never works")

    async def play():
        installation.publish(*published)
        transport = installation.transport()
        await transport.open()
        async with installation.relaying():
            await eventually(lambda: outbox_is_empty(installation))
        outcome = await replay_log(transport, new_consumer(installation, transport, handler))
        await transport.close()
        return outcome

    outcome = asyncio.run(play())
    assert [reason for _, reason in outcome.failed] == ["RuntimeError: the seventh never works"]
    with installation.subscriber.reader() as session:
        known = {row.subject for row in session.exec(select(InboxRow)).all()}
    assert {event.subject for event in published} - known == {published[6].subject}


def test_the_rabbitmq_log_keeps_the_retention_of_its_first_declaration(rabbitmq_server):
    async def declare(url, age):
        async with await aio_pika.connect(url) as connection, connection.channel() as channel:
            arguments: dict[str, FieldValue] = {"x-queue-type": "stream", "x-max-age": age}
            arguments["x-stream-max-segment-size-bytes"] = 8 * 1024 * 1024
            await channel.declare_queue(LOG, durable=True, arguments=arguments)

    with rabbitmq.virtual_host(rabbitmq_server, f"test-{uuid4().hex}") as url:
        for days in (3, 30):
            with SyncPublisher(make_transport(url, "q", {"q": ("noted",)}, keep=timedelta(days=days))):
                asyncio.run(declare(url, f"{3 * 24 * 60 * 60}s"))
        with pytest.raises(aio_pika.exceptions.ChannelPreconditionFailed, match="x-max-age"):
            asyncio.run(declare(url, f"{30 * 24 * 60 * 60}s"))


def test_the_embedded_log_drops_events_older_than_its_retention(tmp_path):
    bus = EmbeddedBus(tmp_path / "bus.db")

    async def play():
        for keep in (timedelta(days=1), timedelta(0)):
            transport = EmbeddedTransport(bus, "q", {"q": ("noted",)}, keep=keep)
            await transport.open()
            await transport.publish([Outgoing(uuid4(), "noted", {"cloudEvents:subject": "s"}, b"{}")] * 2)
        return await subjects_in_the_log(transport)

    assert asyncio.run(play()) == []
