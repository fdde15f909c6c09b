"""The relay with two bus processes of a service on one PostgreSQL, and with rows that the broker refuses."""

import asyncio
from uuid import uuid4

import pytest
from sqlmodel import col, func, select

from shared.messaging import relay as relay_module
from shared.messaging.rabbit import RabbitTransport
from shared.messaging.relay import Relay
from shared.persistence.database import Database
from shared.persistence.models import OutboxRow
from shared.persistence.pg_notify import Notifier, listen
from shared.persistence.schema import upgrade
from tests.messaging.conftest import eventually, fee_paid, running


class Broker(RabbitTransport):
    """A broker that accepts all messages except those in `refuses`, and logs the accepted ones in order."""

    def __init__(self, name, log, refuses=()):
        self.name, self.log, self.refuses = name, log, set(refuses)
        self.sizes = []

    async def publish(self, batch):
        self.sizes.append(len(batch))
        await asyncio.sleep(0.001)
        accepted = [message for message in batch if message.id not in self.refuses]
        self.log.extend((self.name, message.headers["cloudEvents:sequence"]) for message in accepted)
        return {message.id: "no" for message in batch if message.id in self.refuses}


@pytest.fixture
def url(postgres_url):
    created = postgres_url("relay")
    upgrade(created, "shared")
    return created


def publish(database, subject, amounts):
    for amount in amounts:
        with database.transaction() as uow:
            event = fee_paid(amount, subject)
            uow.publish(event, now=event.paid_at)


def outbox_size(database):
    with database.reader() as session:
        return session.exec(select(func.count()).select_from(OutboxRow)).one()


def test_one_of_two_relays_publishes_and_the_other_takes_over_in_order(url):
    publisher, first, second = Database(url), Database(url), Database(url)
    log: list[tuple[str, str]] = []
    subject = uuid4()

    async def play():
        async with running(Relay(second, Broker("second", log)).run):
            async with running(Relay(first, Broker("first", log)).run):
                publish(publisher, subject, range(1, 31))
                await eventually(lambda: outbox_size(publisher) == 0)
                first_sent = {name for name, _sequence in log}
            publish(publisher, subject, range(31, 61))
            await eventually(lambda: outbox_size(publisher) == 0)
        return first_sent

    assert len(asyncio.run(play())) == 1
    assert [int(sequence) for _name, sequence in log] == list(range(1, 61))
    assert log[-1][0] == "second"


def test_a_relay_stops_publishing_when_its_lock_is_lost(url):
    publisher, first = Database(url), Database(url)
    log: list[tuple[str, str]] = []

    async def play():
        relay = Relay(first, Broker("first", log))
        task = asyncio.create_task(relay.run())
        publish(publisher, uuid4(), [1])
        await eventually(lambda: outbox_size(publisher) == 0)
        with publisher.engine.connect() as connection:
            connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
            )
        publish(publisher, uuid4(), [2])
        with pytest.raises(ConnectionError):
            await asyncio.wait_for(task, 20)

    asyncio.run(play())
    assert len(log) == 1
    assert outbox_size(publisher) == 1


def test_a_refused_row_fails_alone_and_is_published_when_the_broker_accepts_it(url):
    publisher = Database(url)
    publish(publisher, uuid4(), [1, 2, 3])
    with publisher.reader() as session:
        refused_id = session.exec(select(OutboxRow.event_id).order_by(col(OutboxRow.id))).first()
    log: list[tuple[str, str]] = []
    broker = Broker("only", log, refuses=[refused_id])

    async def play():
        async with running(Relay(publisher, broker).run):
            await eventually(lambda: outbox_size(publisher) == 1)
            broker.refuses.clear()
            await eventually(lambda: outbox_size(publisher) == 0)

    asyncio.run(play())
    assert [int(sequence) for _name, sequence in log] == [2, 3, 1]


def test_a_commit_in_another_process_wakes_the_relay_before_its_poll(url, monkeypatch):
    monkeypatch.setattr(relay_module, "POLL", 3600)
    publisher, relaying = Database(url, committed=Notifier(url)), Database(url)
    log: list[tuple[str, str]] = []

    async def play():
        relay = Relay(relaying, Broker("only", log))
        async with running(relay.run), running(lambda: listen(url, relay.wake)):
            for number in range(1, 4):
                publish(publisher, uuid4(), [number])
                await eventually(lambda: outbox_size(publisher) == 0)

    asyncio.run(play())
    assert len(log) == 3


def test_waiting_rows_are_published_in_batches_of_five_hundred(url):
    publisher = Database(url)
    with publisher.transaction() as uow:
        for number in range(1100):
            event = fee_paid(number)
            uow.publish(event, now=event.paid_at)
    broker = Broker("only", [])

    async def play():
        async with running(Relay(publisher, broker).run):
            await eventually(lambda: outbox_size(publisher) == 0)

    asyncio.run(play())
    assert broker.sizes == [500, 500, 100]
