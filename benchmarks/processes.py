"""Processes of the latency row: one commits events at a steady rate, one relays them (our relay, or the usual poll).

`python -m benchmarks.processes relay|poll|commit|commit-naive …`, started by rows_latency.py.
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import uvloop
from faststream.rabbit import ExchangeType, RabbitBroker, RabbitExchange
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import Session, col, create_engine, select
from sqlmodel.ext.asyncio.session import AsyncSession

from benchmarks.events import QUEUE, TOPOLOGY, Events
from benchmarks.peers.endpoint import PeerOutbox
from shared.events.intake import ApplicationSubmitted
from shared.foundation.clock import real_now
from shared.messaging.rabbit import RabbitTransport
from shared.messaging.relay import Relay
from shared.messaging.topology import EXCHANGE
from shared.persistence.database import Database
from shared.persistence.pg_notify import Notifier, listen
from shared.runtime.bus import connected, supervised
from shared.runtime.serve import tune_gc

# A busy endpoint commits waiting requests together; both committers do the same above this rate.
MOST_COMMITS_A_SECOND = 100
POLL_SECONDS = 1.0


async def relay(broker_url: str, database_url: str) -> None:
    """Run the product's relay, woken by notifications as in a bus process."""
    transport = RabbitTransport(broker_url, QUEUE, TOPOLOGY)
    relay = Relay(Database(database_url), transport)
    tune_gc()
    async with asyncio.TaskGroup() as group:
        group.create_task(connected(transport, relay.run))
        group.create_task(supervised(lambda: listen(database_url, relay.wake)))


async def poll(broker_url: str, database_url: str) -> None:
    """Run the usual relay: poll every second, publish and mark rows one by one."""
    engine = create_async_engine(database_url)
    exchange = RabbitExchange(EXCHANGE, type=ExchangeType.TOPIC, durable=True)
    waiting = select(PeerOutbox).where(col(PeerOutbox.sent).is_(False)).order_by(col(PeerOutbox.id)).limit(1000)
    async with RabbitBroker(broker_url, logger=None) as broker, AsyncSession(engine, expire_on_commit=False) as session:
        while True:
            for row in (await session.exec(waiting)).all():
                await broker.publish(
                    row.body.encode(),
                    exchange=exchange,
                    routing_key=ApplicationSubmitted.TYPE,
                    persist=True,
                    content_type="application/json",
                )
                row.sent = True
                session.add(row)
                await session.commit()
            await session.commit()
            await asyncio.sleep(POLL_SECONDS)


def commit(database_url: str) -> Callable[[Sequence[ApplicationSubmitted]], None]:
    """Return a function that publishes events in one transaction, as an action does."""
    database = Database(database_url, committed=Notifier(database_url))

    def commit_batch(events: Sequence[ApplicationSubmitted]) -> None:
        with database.transaction() as uow:
            for event in events:
                uow.publish(event, now=real_now())

    return commit_batch


def commit_naively(database_url: str) -> Callable[[Sequence[ApplicationSubmitted]], None]:
    """Return a function that writes rows of the usual outbox."""
    engine = create_engine(database_url)

    def commit_batch(events: Sequence[ApplicationSubmitted]) -> None:
        with Session(engine) as session:
            session.add_all([PeerOutbox(body=event.model_dump_json()) for event in events])
            session.commit()

    return commit_batch


def at_rate(work: Callable[[Sequence[ApplicationSubmitted]], None], rate: int, seconds: float) -> None:
    """Commit `rate` events per second, evenly; print the commit times (monotonic seconds) by application id."""
    commits = min(rate, MOST_COMMITS_A_SECOND)
    with TemporaryDirectory() as folder:
        bodies = [event.body for event in Events(Path(folder)).copies(max(int(rate * seconds), 1))]
    events = [ApplicationSubmitted.model_validate_json(body) for body in bodies]
    together = rate // commits
    moments: dict[str, float] = {}
    work(events[:1])
    started = time.monotonic()
    for number, first in enumerate(range(1, len(events), together)):
        time.sleep(max(started + number / commits - time.monotonic(), 0))
        batch = events[first : first + together]
        work(batch)
        moments |= dict.fromkeys((event.subject for event in batch), time.monotonic())
    sys.stdout.write(json.dumps(moments))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["relay", broker_url, database_url]:
            uvloop.run(relay(broker_url, database_url))
        case ["poll", broker_url, database_url]:
            uvloop.run(poll(broker_url, database_url))
        case ["commit", database_url, rate, seconds]:
            at_rate(commit(database_url), int(rate), float(seconds))
        case ["commit-naive", database_url, rate, seconds]:
            at_rate(commit_naively(database_url), int(rate), float(seconds))
