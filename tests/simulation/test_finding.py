"""The simulation finds injected bugs, reports a short history, and always gives the same result."""

import asyncio

import pytest

from shared.foundation.errors import OutOfOrder
from shared.jobs import worker
from shared.messaging.consumer import BATCH, Consumer
from shared.messaging.inbox import Inbox
from shared.messaging.relay import Relay
from tests.simulation.shrinking import format_history, shrink
from tests.simulation.world import run


def test_a_seed_always_gives_the_same_history():
    assert run(7) == run(7)


def test_an_inbox_without_deduplication_is_found_within_five_worlds_and_shrunk_to_few_faults(monkeypatch):
    monkeypatch.setattr(Inbox, "knows", lambda _inbox, _envelope: False)
    failing = next(history for history in map(run, range(5)) if history.failure)
    found = shrink(failing, lambda only: run(failing.seed, only=only), seconds=60)
    assert found.failure
    assert len(found.faults) <= 3
    assert f"make simulate SEED={failing.seed}" in format_history(found)


async def delete_before_publish(relay, waiting):
    """A relay that deletes rows before the broker has confirmed them."""
    await asyncio.to_thread(relay._forget, [message.id for message in waiting])
    await relay._transport.publish(waiting)


async def acknowledge_before_handling(consumer):
    """A consumer that acknowledges messages before it handles them."""
    while True:
        batch = await consumer._transport.receive(BATCH)
        await consumer._transport.acknowledge(batch)
        try:
            consumer.handle(batch)
        except OutOfOrder:
            continue


@pytest.mark.parametrize(
    ("where", "name", "broken"),
    [
        (Relay, "_send", delete_before_publish),
        (Consumer, "run", acknowledge_before_handling),
        (Inbox, "is_newer", lambda _inbox, _envelope, _part: True),
        (worker, "_is_free", lambda _row: True),
    ],
    ids=["relay forgets", "consumer forgets", "stale events take effect", "jobs are done twice"],
)
def test_a_broken_guarantee_is_found_within_five_worlds(monkeypatch, where, name, broken):
    monkeypatch.setattr(where, name, broken)
    assert any(history.failure for history in map(run, range(5)))
