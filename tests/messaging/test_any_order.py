"""Whatever the order and the repeats in which a subject's events come, the end is the same: nothing moves a state backwards."""

import asyncio
from datetime import UTC, datetime
from tempfile import TemporaryDirectory
from uuid import UUID, uuid4

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import select

from shared.context import Tools
from shared.events.billing import FeePaid
from shared.events.envelope import Envelope, source_of
from shared.foundation.clock import SystemClock
from shared.messaging.consumer import Consumer
from shared.messaging.transport import Outgoing
from shared.persistence.database import Database
from shared.persistence.models import InboxRow
from shared.persistence.schema import upgrade
from shared.wiring.process import make_transport
from tests.messaging.conftest import eventually, fee_paid, running

SUBJECTS = [uuid4() for _ in range(3)]


def said(subject: UUID, sequence: int) -> Outgoing:
    """The same event, with the same id, whenever it is asked for."""
    identity = UUID(int=subject.int ^ sequence)
    event = fee_paid(sequence, subject).model_copy(update={"paid_at": datetime(2021, 12, 10, tzinfo=UTC)})
    envelope = Envelope(
        id=identity,
        type=FeePaid.TYPE,
        source=source_of(FeePaid.TYPE),
        subject=event.subject,
        sequence=sequence,
        time=event.paid_at,
        correlation_id="",
        body=event.model_dump_json().encode(),
    )
    return Outgoing(identity, FeePaid.TYPE, envelope.headers, envelope.body)


def end_of(told: list[tuple[UUID, int]]) -> tuple[dict[UUID, int], list[tuple[UUID, int]]]:
    """What the listener's state is after hearing `told` in that order, and every change of it on the way."""
    state: dict[UUID, int] = {}
    changes = []

    def hear(_session, event, *, context):
        state[event.application_id] = event.paid_fen
        changes.append((event.application_id, event.paid_fen))

    with TemporaryDirectory() as folder:
        upgrade(f"sqlite:///{folder}/listener.db", "shared")
        listener = Database(f"sqlite:///{folder}/listener.db")
        tools = Tools(keys=None, files=None, mailer=None, redis=None, public_url="")  # type: ignore[arg-type]

        def all_heard() -> bool:
            with listener.reader() as session:
                return len(session.exec(select(InboxRow.event_id)).all()) == len(set(told))

        async def play():
            transport = make_transport(f"sqlite:///{folder}/bus.db", "listener", {"listener": (FeePaid.TYPE,)})
            await transport.open()
            await transport.publish([said(*one) for one in told])
            consumer = Consumer(listener, transport, {FeePaid: hear}, clock=SystemClock(), tools=tools)
            async with running(consumer.run):
                await eventually(all_heard)
            await transport.close()

        asyncio.run(play())
        listener.close()
    return state, changes


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(SUBJECTS), st.integers(1, 6)), min_size=1, max_size=20))
def test_any_order_and_any_repeat_of_events_end_in_the_same_state(told):
    state, changes = end_of(told)
    assert state == {
        subject: max(sequence for one, sequence in told if one == subject) for subject in {one for one, _ in told}
    }
    for subject in SUBJECTS:
        steps = [sequence for one, sequence in changes if one == subject]
        assert steps == sorted(set(steps)), "a state never moves backwards, and no event takes effect twice"
