"""The proof that every invariant goes red: a world that kept them all, in which one thing is then spoilt."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import pytest
from sqlmodel import select

from services.review.models import Case
from services.review.states import CaseState
from shared.messaging.transport import DEAD_LETTERS
from tests.simulation.faults import Faults
from tests.simulation.invariants import Broken, check_end, check_step, watched_states
from tests.simulation.nature import ruled_by, unswept
from tests.simulation.world import World

SEED = 4
Spoil = Callable[[World], None]


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """A world that has come to its end, with everything as it should be."""
    with TemporaryDirectory() as folder, watched_states() as moved, unswept():
        world = World(SEED, Path(folder), Faults(SEED, rate=0))
        world.moved = moved
        with ruled_by(SEED, world.clock):
            world.play()
        yield world
        world.close()


@contextmanager
def spoilt(world: World, spoil: Spoil) -> Iterator[None]:
    """The world with one thing spoilt, and as it was again afterwards."""
    databases = [service.database for service in world.stage.services.values()]
    kept = [database.copy() for database in databases]
    letters, dead = dict(world.stage.mailer.letters), list(world.bus.queues[DEAD_LETTERS])
    try:
        spoil(world)
        yield
    finally:
        for database, copy in zip(databases, kept, strict=True):
            database.become(copy)
            copy.close()
        world.stage.mailer.letters, world.bus.queues[DEAD_LETTERS] = letters, dead


def rows(service: str, *statements: str) -> Spoil:
    """Changes rows behind the house's back."""

    def spoil(world: World) -> None:
        database = world.stage.services[service].database
        for statement in statements:
            assert database.change(statement) > 0, statement

    return spoil


def letter_lost(world: World) -> None:
    letters = world.stage.mailer.letters
    del letters[next(key for key, one in letters.items() if one.subject.startswith("入学通知书"))]


def letter_doubled(world: World) -> None:
    letters = world.stage.mailer.letters
    letters[uuid4()] = next(one for one in letters.values() if one.subject.startswith("入学通知书"))


def buried(world: World) -> None:
    headers = {"x-lingjun-queue": "review", "cloudEvents:type": "t", "x-lingjun-reason": "r"}
    world.bus.put(DEAD_LETTERS, headers, b"{}")


SPOILT: dict[str, tuple[Spoil, str]] = {
    "a letter that is lost": (letter_lost, "admission letters owed"),
    "a letter that was sent twice": (letter_doubled, "admission letters owed"),
    "a dead letter": (buried, "review gave up t"),
    "an event that never left": (
        rows("intake", "INSERT INTO outbox (event_id, headers, body) SELECT event_id, '{}', '' FROM published_event"),
        "intake: the outbox is not empty",
    ),
    "a job that failed": (
        rows("billing", "UPDATE job SET state = 'failed' WHERE name = 'write_receipt'"),
        "job write_receipt",
    ),
    "an event that nobody heard": (
        rows("review", "DELETE FROM inbox WHERE type = 'billing.fee_paid.v1'"),
        "the summary does not reconcile",
    ),
    "an audit that was changed": (
        rows("review", "UPDATE audit SET actor = 'nobody'"),
        "the summary does not reconcile",
    ),
    "money from nowhere": (
        rows("billing", "UPDATE posting SET fen = fen + 1 WHERE account = 'fee'"),
        "does not reconcile",
    ),
    "a transaction without its other side": (
        rows(
            "billing",
            "UPDATE posting SET fen = fen + 1 WHERE account = 'suspense' AND fen < 0",
            "UPDATE posting SET fen = fen - 1 WHERE account = 'suspense' AND fen > 0",
        ),
        "transactions that do not sum to zero",
    ),
    "an admission that was never said": (
        rows("review", "DELETE FROM published_event WHERE type = 'review.student_admitted.v1'"),
        "does not reconcile",
    ),
    "a fee that was paid and never invoiced": (rows("billing", "DELETE FROM invoice"), "does not reconcile"),
    "an invoice that went to somebody else": (
        rows("billing", "UPDATE invoice SET application_id = (SELECT max(application_id) FROM invoice)"),
        "got no invoice",
    ),
    "a number that was left out": (
        rows("scheduling", "UPDATE published_event SET sequence = sequence + 100"),
        "sequence numbers",
    ),
    "an event that no timeline tells": (
        rows("portal", "DELETE FROM occurrence WHERE type = 'intake.student_consented.v1'"),
        "no timeline tells it",
    ),
}


@pytest.mark.parametrize("what", SPOILT)
def test_a_world_in_which_one_thing_is_spoilt_is_red(world: World, what: str) -> None:
    spoil, told = SPOILT[what]
    with spoilt(world, spoil), pytest.raises(Broken, match=told):
        check_end(world.stage)


def test_a_world_in_which_nothing_is_spoilt_is_green(world: World) -> None:
    check_end(world.stage)


def test_one_seat_too_many_is_red_at_once(world: World) -> None:
    check_step(world.stage, [])
    with (
        spoilt(world, rows("review", "UPDATE seat SET state = 'held'")),
        pytest.raises(Broken, match="seats are held of"),
    ):
        check_step(world.stage, [])


def test_a_state_that_moves_backwards_is_red_at_once(world: World) -> None:
    with world.stage.services["review"].database.reader() as session:
        case = session.exec(select(Case).where(Case.state == CaseState.PASSED)).first()
        assert case is not None
        case.state = CaseState.OPEN
    with pytest.raises(Broken, match="Case: passed -> open"):
        check_step(world.stage, world.moved)
    world.moved.clear()
