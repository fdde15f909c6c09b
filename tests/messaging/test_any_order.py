"""Events of a subject in any order and with any repeats lead to the same state: no state moves backwards."""

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


def outgoing(subject: UUID, sequence: int) -> Outgoing:
    """Return the same event with the same id on every call."""
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


def final_state(deliveries: list[tuple[UUID, int]]) -> tuple[dict[UUID, int], list[tuple[UUID, int]]]:
    """Return the subscriber's state after `deliveries` in that order, and every change on the way."""
    state: dict[UUID, int] = {}
    changes = []

    def handler(_session, event, *, context):
        state[event.application_id] = event.paid_fen
        changes.append((event.application_id, event.paid_fen))

    with TemporaryDirectory() as folder:
        upgrade(f"sqlite:///{folder}/subscriber.db", "shared")
        subscriber = Database(f"sqlite:///{folder}/subscriber.db")
        tools = Tools(keys=None, files=None, mailer=None, redis=None, public_url="", sandbox=None)  # type: ignore[arg-type]

        def all_received() -> bool:
            with subscriber.reader() as session:
                return len(session.exec(select(InboxRow.event_id)).all()) == len(set(deliveries))

        async def play():
            transport = make_transport(f"sqlite:///{folder}/bus.db", "subscriber", {"subscriber": (FeePaid.TYPE,)})
            await transport.open()
            await transport.publish([outgoing(*delivery) for delivery in deliveries])
            consumer = Consumer(subscriber, transport, {FeePaid: handler}, clock=SystemClock(), tools=tools)
            async with running(consumer.run):
                await eventually(all_received)
            await transport.close()

        asyncio.run(play())
        subscriber.close()
    return state, changes


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(SUBJECTS), st.integers(1, 6)), min_size=1, max_size=20))
def test_any_order_and_repetition_of_events_leads_to_the_same_state(deliveries):
    state, changes = final_state(deliveries)
    assert state == {
        subject: max(sequence for other, sequence in deliveries if other == subject) for subject, _ in deliveries
    }
    for subject in SUBJECTS:
        steps = [sequence for changed, sequence in changes if changed == subject]
        assert steps == sorted(set(steps)), "a state never moves backwards, and no event takes effect twice"
