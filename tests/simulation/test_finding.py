"""The proof that the simulation finds what is broken, tells it shortly, and always tells the same."""

from shared.messaging.inbox import Inbox
from tests.simulation.shrinking import shortest, told
from tests.simulation.world import run


def test_a_seed_always_gives_the_same_history():
    assert run(7) == run(7)


def test_an_inbox_that_forgets_is_found_within_five_worlds_and_told_shortly(monkeypatch):
    monkeypatch.setattr(Inbox, "knows", lambda _inbox, _envelope: False)
    failing = next(history for history in map(run, range(5)) if history.failure)
    found = shortest(failing, lambda only: run(failing.seed, only=only), seconds=30)
    assert found.failure
    assert len(found.faults) <= 3
    assert f"make simulate SEED={failing.seed}" in told(found)
