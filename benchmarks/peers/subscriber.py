"""The peers' consumers: FastStream with typed handlers, with nothing to write or with a transaction for each event."""

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


class ListenerRow(SQLModel, registry=registered):
    """Base of the listener's tables."""


class Heard(ListenerRow, table=True):
    """The usual inbox."""

    __tablename__ = "heard"
    event_id: UUID = Field(primary_key=True)


class Opened(ListenerRow, table=True):
    """The effect of an application: one row."""

    __tablename__ = "opened"
    id: UUID = Field(primary_key=True)
    application_no: str
    student: str
    firm: str


def create_tables(database_url: str) -> None:
    """Makes the tables in a database."""
    engine = create_engine(database_url)
    registered.metadata.create_all(engine)
    engine.dispose()


def opened_by(event: ApplicationSubmitted) -> Opened:
    """The row that an event leaves."""
    return Opened(
        id=event.application_id,
        application_no=event.application_no,
        student=event.student.name,
        firm=event.firm.name,
    )


def listener(url: str, queue: str, handled: Callable[[ApplicationSubmitted], Awaitable[None]]) -> RabbitBroker:
    """A broker whose typed subscriber calls `handled`, with our prefetch, acknowledging after it."""
    broker = RabbitBroker(url, logger=None, default_channel=Channel(prefetch_count=PREFETCH))

    @broker.subscriber(RabbitQueue(queue, declare=False), ack_policy=AckPolicy.NACK_ON_ERROR)
    async def on_application_submitted(event: ApplicationSubmitted) -> None:
        await handled(event)

    return broker


class OneByOne:
    """The usual effect: inbox row and effect in a transaction for each event, in an asynchronous session."""

    def __init__(self, database_url: str) -> None:
        self._engine = create_async_engine(database_url, pool_size=10)

    async def __call__(self, event: ApplicationSubmitted) -> None:
        try:
            async with AsyncSession(self._engine) as session:
                session.add(Heard(event_id=event.application_id))
                session.add(opened_by(event))
                await session.commit()
        except IntegrityError:
            return

    async def close(self) -> None:
        """Gives the connections back."""
        await self._engine.dispose()
