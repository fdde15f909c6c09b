"""The peer's relay: faststream-outbox moves the rows of its own table to RabbitMQ."""

from collections.abc import Sequence
from dataclasses import dataclass

from faststream.rabbit import ExchangeType, RabbitBroker, RabbitExchange
from faststream_outbox import OutboxBroker, OutboxMessage, make_outbox_table
from sqlalchemy import MetaData, create_engine, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from shared.messaging.topology import EXCHANGE
from shared.messaging.transport import Outgoing

QUEUE = "relayed"
METADATA = MetaData()
OUTBOX = make_outbox_table(METADATA, "peer_outbox")


@dataclass(frozen=True)
class Tuning:
    """The options of its subscriber: concurrent workers, rows in a fetch, rows in a delete."""

    workers: int
    fetched: int
    deleted: int


DEFAULT = Tuning(1, 10, 1)
# The best of eight on two cores; more workers or larger fetches are slower again.
TUNED = Tuning(50, 500, 100)


def create_tables(database_url: str) -> None:
    """Create the table and its indexes in a database."""
    engine = create_engine(database_url)
    METADATA.create_all(engine)
    engine.dispose()


def engine_of(database_url: str, workers: int) -> AsyncEngine:
    """Return an engine with asyncpg, the driver that the library prefers. Each worker holds a connection."""
    return create_async_engine(database_url.replace("+psycopg", "+asyncpg"), pool_size=workers + 10)


async def fill(engine: AsyncEngine, events: Sequence[Outgoing]) -> None:
    """Insert the events, in one commit."""
    rows = [{"queue": QUEUE, "payload": event.body, "headers": event.headers} for event in events]
    async with engine.begin() as connection:
        await connection.execute(insert(OUTBOX), rows)


async def is_empty(engine: AsyncEngine) -> bool:
    """Return whether all rows are deleted."""
    async with engine.connect() as connection:
        return (await connection.execute(select(OUTBOX.c.id).limit(1))).first() is None


def make_relay(engine: AsyncEngine, rabbit: RabbitBroker, tuning: Tuning) -> OutboxBroker:
    """Return the relay, not yet started. It publishes each row with its headers, waits for the confirm, and deletes it.
    Without validation and parsing, which it has no use for."""
    outbox = OutboxBroker(engine, outbox_table=OUTBOX, logger=None, apply_types=False, decoder=_unparsed)
    exchange = RabbitExchange(EXCHANGE, type=ExchangeType.TOPIC, durable=True)

    @outbox.subscriber(
        QUEUE,
        max_workers=tuning.workers,
        fetch_batch_size=tuning.fetched,
        terminal_flush_batch_size=tuning.deleted,
    )
    async def relay(row: OutboxMessage) -> None:
        await rabbit.publish(
            row.body,
            exchange=exchange,
            routing_key=row.headers["cloudEvents:type"],
            persist=True,
            headers=row.headers,
            message_id=row.headers["cloudEvents:id"],
            content_type="application/json",
        )

    return outbox


async def _unparsed(row: OutboxMessage) -> OutboxMessage:
    return row
