"""The proof that the simulation finds what is broken, tells it shortly, and always tells the same."""

import asyncio

import pytest

from shared.foundation.errors import OutOfOrder
from shared.jobs import worker
from shared.messaging.consumer import BATCH, Consumer
from shared.messaging.inbox import Inbox
from shared.messaging.relay import Relay
from tests.simulation.shrinking import shortest, told
from tests.simulation.world import run


def test_a_seed_always_gives_the_same_history():
    assert run(7) == run(7)


def test_an_inbox_that_forgets_is_found_within_five_worlds_and_told_shortly(monkeypatch):
    monkeypatch.setattr(Inbox, "knows", lambda _inbox, _envelope: False)
    failing = next(history for history in map(run, range(5)) if history.failure)
    found = shortest(failing, lambda only: run(failing.seed, only=only), seconds=60)
    assert found.failure
    assert len(found.faults) <= 3
    assert f"make simulate SEED={failing.seed}" in told(found)


async def forget_and_send(relay, waiting):
    """A relay that deletes what the broker has not confirmed."""
    await asyncio.to_thread(relay._forget, [message.id for message in waiting])
    await relay._transport.publish(waiting)


async def acknowledge_and_handle(consumer):
    """A consumer that acknowledges what it has not yet handled."""
    while True:
        batch = await consumer._transport.receive(BATCH)
        await consumer._transport.done(batch)
        try:
            consumer.handle(batch)
        except OutOfOrder:
            continue


@pytest.mark.parametrize(
    ("where", "name", "broken"),
    [
        (Relay, "_send", forget_and_send),
        (Consumer, "run", acknowledge_and_handle),
        (Inbox, "is_newer", lambda _inbox, _envelope, _part: True),
        (worker, "_is_free", lambda _row: True),
    ],
    ids=["relay forgets", "consumer forgets", "stale events take effect", "jobs are done twice"],
)
def test_a_house_that_breaks_its_word_is_found_within_five_worlds(monkeypatch, where, name, broken):
    monkeypatch.setattr(where, name, broken)
    assert any(history.failure for history in map(run, range(5)))
