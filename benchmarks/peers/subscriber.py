"""Consumers of the peers: FastStream with typed handlers, without writes or with one transaction per event."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from faststream import AckPolicy
from faststream.rabbit import Channel, RabbitBroker, RabbitQueue
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel, create_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.events.intake import ApplicationSubmitted
from shared.messaging.rabbit import PREFETCH

registered = registry()


class SubscriberRow(SQLModel, registry=registered):
    """Base of the subscriber's tables."""


class PeerInbox(SubscriberRow, table=True):
    """The usual inbox."""

    __tablename__ = "heard"
    event_id: UUID = Field(primary_key=True)


class Opened(SubscriberRow, table=True):
    """The effect of an application: one row."""

    __tablename__ = "opened"
    id: UUID = Field(primary_key=True)
    application_no: str
    student: str
    firm: str


def create_tables(database_url: str) -> None:
    """Create the tables in a database."""
    engine = create_engine(database_url)
    registered.metadata.create_all(engine)
    engine.dispose()


def opened_by(event: ApplicationSubmitted) -> Opened:
    """Return the row that an event creates."""
    return Opened(
        id=event.application_id,
        application_no=event.application_no,
        student=event.student.name,
        firm=event.firm.name,
    )


def make_broker(url: str, queue: str, handle: Callable[[ApplicationSubmitted], Awaitable[None]]) -> RabbitBroker:
    """Return a broker whose typed subscriber calls `handle`, with our prefetch, and acknowledges afterwards."""
    broker = RabbitBroker(url, logger=None, default_channel=Channel(prefetch_count=PREFETCH))

    @broker.subscriber(RabbitQueue(queue, declare=False), ack_policy=AckPolicy.NACK_ON_ERROR)
    async def on_application_submitted(event: ApplicationSubmitted) -> None:
        await handle(event)

    return broker


class OneByOne:
    """The usual handler: inbox row and effect in one transaction per event, in an async session."""

    def __init__(self, database_url: str) -> None:
        self._engine = create_async_engine(database_url, pool_size=10)

    async def __call__(self, event: ApplicationSubmitted) -> None:
        try:
            async with AsyncSession(self._engine) as session:
                session.add(PeerInbox(event_id=event.application_id))
                session.add(opened_by(event))
                await session.commit()
        except IntegrityError:
            return

    async def close(self) -> None:
        """Close all connections."""
        await self._engine.dispose()
