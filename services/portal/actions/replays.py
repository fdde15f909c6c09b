"""Dead letters sent again: ordered by a person, done in batches. Called by pages, tasks.py and the command line."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from uuid import UUID

from sqlmodel import col

from services.portal import queries
from services.portal.errors import UnknownDeadLetter
from services.portal.jobs import ReplayDeadLetters
from services.portal.models import DeadLetter
from services.portal.rules.dead_letters import address, headers_of_replay
from services.portal.states import DeadLetterState
from shared.foundation.clock import real_now
from shared.foundation.errors import Conflict
from shared.jobs.job import enqueue
from shared.messaging.transport import Outgoing
from shared.persistence.unit_of_work import UnitOfWork

BATCH = 500
# (queue, batch) -> what the broker did not accept, with the reason; everything else it has confirmed.
Send = Callable[[str, Sequence[Outgoing]], dict[UUID, str]]


@dataclass(frozen=True)
class Replayed:
    """What came of one batch: how many were sent, how many the broker did not accept, and where to go on ("" at the end)."""

    sent: int
    refused: int
    after: str


def order_replay(uow: UnitOfWork, wanted: ReplayDeadLetters, *, now: datetime) -> None:
    """Starts the replay of the waiting letters that are wanted. Raises Conflict when there are none; a second order while the
    first runs finds what is left."""
    if not queries.count_wanted(uow.session, wanted):
        raise Conflict("没有符合条件、等待处理的消息。", code="nothing-to-replay")
    note_order(uow, wanted, now=now)
    enqueue(uow, wanted)


def order_one_replay(uow: UnitOfWork, key: str, *, actor: str, now: datetime) -> None:
    """The same for one letter. Raises UnknownDeadLetter, or Conflict unless it waits."""
    if uow.session.get(DeadLetter, key) is None:
        raise UnknownDeadLetter
    order_replay(uow, ReplayDeadLetters(actor=actor, key=key), now=now)


def note_order(uow: UnitOfWork, wanted: ReplayDeadLetters, *, now: datetime) -> None:
    """Audits who asked for a replay, and of what."""
    asked = {name: value for name, value in wanted.model_dump().items() if value and name != "actor"}
    uow.record("dead_letters_replayed", wanted.key or "dead-letters", actor=wanted.actor, now=now, details=asked)


def replay_batch(uow: UnitOfWork, wanted: ReplayDeadLetters, *, send: Send) -> Replayed:
    """Sends up to BATCH letters again, each straight to the queue that gave it up, and marks what the broker has confirmed.

    If the commit fails after the confirm they are sent once more, under the same number: the inbox makes that harmless.
    What the broker does not accept keeps waiting.
    """
    # Rows that are locked are just being sent by another replay.
    found = queries.wanted_letters(wanted).order_by(col(DeadLetter.id)).limit(BATCH).with_for_update(skip_locked=True)
    rows = uow.session.exec(found).all()
    refused: dict[UUID, str] = {}
    for queue, letters in groupby(sorted(rows, key=lambda row: address(row.queue)), key=lambda row: address(row.queue)):
        refused |= send(queue, [_outgoing(row) for row in letters])
    for row in rows:
        if _id_of(row) not in refused:
            row.state, row.replays = DeadLetterState.REPLAYED, row.replays + 1
            row.replayed_at, row.replayed_by = real_now(), wanted.actor
            uow.session.add(row)
    return Replayed(len(rows) - len(refused), len(refused), rows[-1].id if rows else "")


def next_batch(wanted: ReplayDeadLetters, done: Replayed) -> ReplayDeadLetters | None:
    """What is left to do after a batch."""
    return wanted.model_copy(update={"after": done.after}) if done.after else None


def _outgoing(row: DeadLetter) -> Outgoing:
    return Outgoing(_id_of(row), row.type, headers_of_replay(row.headers, row.replays + 1), row.body)


def _id_of(row: DeadLetter) -> UUID:
    return UUID(row.id[:32])
