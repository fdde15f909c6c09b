"""Every invariant detects its violation: each test corrupts one thing in a world that kept all invariants."""

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
from tests.simulation.invariants import InvariantViolation, check_end, check_step, watch_transitions
from tests.simulation.nature import deterministic, tuned_gc
from tests.simulation.world import World

SEED = 4
Corruption = Callable[[World], None]


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """A finished world without faults, in which all invariants hold."""
    with TemporaryDirectory() as folder, watch_transitions() as illegal_transitions, tuned_gc():
        world = World(SEED, Path(folder), Faults(SEED, rate=0))
        world.illegal_transitions = illegal_transitions
        with deterministic(SEED, world.clock):
            world.play()
        yield world
        world.close()


@contextmanager
def corrupted(world: World, corrupt: Corruption) -> Iterator[None]:
    """Corrupt one thing in the world within the block and restore it afterwards."""
    databases = [service.database for service in world.stage.services.values()]
    copies = [database.copy() for database in databases]
    mails, dead = dict(world.stage.mailer.mails), list(world.bus.queues[DEAD_LETTERS])
    try:
        corrupt(world)
        yield
    finally:
        for database, copy in zip(databases, copies, strict=True):
            database.restore(copy)
            copy.close()
        world.stage.mailer.mails, world.bus.queues[DEAD_LETTERS] = mails, dead


def rows(service: str, *statements: str) -> Corruption:
    """Return a corruption that changes rows outside of the services' transactions."""

    def corrupt(world: World) -> None:
        database = world.stage.services[service].database
        for statement in statements:
            assert database.change(statement) != 0, statement

    return corrupt


def mail_lost(world: World) -> None:
    mails = world.stage.mailer.mails
    del mails[next(key for key, one in mails.items() if one.subject.startswith("入学通知书"))]


def mail_doubled(world: World) -> None:
    mails = world.stage.mailer.mails
    mails[uuid4()] = next(one for one in mails.values() if one.subject.startswith("入学通知书"))


def dead_letter(world: World) -> None:
    headers = {"x-lingjun-queue": "review", "cloudEvents:type": "t", "x-lingjun-reason": "r"}
    world.bus.put(DEAD_LETTERS, headers, b"{}")


CORRUPTIONS: dict[str, tuple[Corruption, str]] = {
    "a lost letter": (mail_lost, "admission letters owed"),
    "a letter sent twice": (mail_doubled, "admission letters owed"),
    "a dead letter": (dead_letter, "review gave up t"),
    "an unpublished event": (
        rows("intake", "INSERT INTO outbox (event_id, headers, body) SELECT event_id, '{}', '' FROM published_event"),
        "intake: the outbox is not empty",
    ),
    "a failed job": (
        rows("billing", "UPDATE job SET state = 'failed' WHERE name = 'write_receipt'"),
        "job write_receipt",
    ),
    "an unhandled event": (
        rows("review", "DELETE FROM inbox WHERE type = 'billing.fee_paid.v1'"),
        "the summary does not reconcile",
    ),
    "a changed audit row": (
        rows("review", "DROP TRIGGER audit_append_only", "UPDATE audit SET actor = 'somebody'"),
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
    "an unpublished admission": (
        rows("review", "DELETE FROM published_event WHERE type = 'review.student_admitted.v1'"),
        "does not reconcile",
    ),
    "a paid fee without an invoice": (rows("billing", "DELETE FROM invoice"), "does not reconcile"),
    "an invoice for another applicant": (
        rows("billing", "UPDATE invoice SET application_id = (SELECT max(application_id) FROM invoice)"),
        "got no invoice",
    ),
    "a gap in the sequence numbers": (
        rows("scheduling", "UPDATE published_event SET sequence = sequence + 100"),
        "sequence numbers",
    ),
    "an event without a timeline entry": (
        rows("portal", "DELETE FROM occurrence WHERE type = 'intake.student_consented.v1'"),
        "no timeline has it",
    ),
}


@pytest.mark.parametrize("case", CORRUPTIONS)
def test_a_corrupted_world_violates_an_invariant(world: World, case: str) -> None:
    corrupt, message = CORRUPTIONS[case]
    with corrupted(world, corrupt), pytest.raises(InvariantViolation, match=message):
        check_end(world.stage)


def test_an_uncorrupted_world_violates_no_invariant(world: World) -> None:
    check_end(world.stage)


def test_one_seat_too_many_is_detected_after_the_step(world: World) -> None:
    check_step(world.stage, [])
    with (
        corrupted(world, rows("review", "UPDATE seat SET state = 'held'")),
        pytest.raises(InvariantViolation, match="seats are held of"),
    ):
        check_step(world.stage, [])


def test_a_backward_transition_is_detected_after_the_step(world: World) -> None:
    with world.stage.services["review"].database.reader() as session:
        case = session.exec(select(Case).where(Case.state == CaseState.PASSED)).first()
        assert case is not None
        case.state = CaseState.OPEN
    with pytest.raises(InvariantViolation, match="Case: passed -> open"):
        check_step(world.stage, world.illegal_transitions)
    world.illegal_transitions.clear()
