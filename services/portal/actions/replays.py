"""Replay dead letters: ordered by a person, executed in batches. Called by pages, tasks.py and the command line."""

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
# Publish a batch to a queue; return the messages that the broker rejected, with the reason. It confirmed all others.
Send = Callable[[str, Sequence[Outgoing]], dict[UUID, str]]


@dataclass(frozen=True)
class Replayed:
    """Result of one batch: messages sent, messages rejected by the broker, key to continue after ("" at the end)."""

    sent: int
    refused: int
    after: str


def order_replay(uow: UnitOfWork, selection: ReplayDeadLetters, *, now: datetime) -> None:
    """Enqueue the replay of the selected waiting dead letters. Raises Conflict if none match.

    A second order while the first runs replays the remaining ones.
    """
    if not queries.count_matching(uow.session, selection):
        raise Conflict("没有符合条件、等待处理的消息。", code="nothing-to-replay")
    note_order(uow, selection, now=now)
    enqueue(uow, selection)


def order_one_replay(uow: UnitOfWork, key: str, *, actor: str, now: datetime) -> None:
    """Enqueue the replay of one dead letter. Raises UnknownDeadLetter, or Conflict unless it is waiting."""
    if uow.session.get(DeadLetter, key) is None:
        raise UnknownDeadLetter
    order_replay(uow, ReplayDeadLetters(actor=actor, key=key), now=now)


def note_order(uow: UnitOfWork, selection: ReplayDeadLetters, *, now: datetime) -> None:
    """Record in the audit log who ordered a replay, with the selection."""
    details = {name: value for name, value in selection.model_dump().items() if value and name != "actor"}
    uow.record(
        "dead_letters_replayed",
        selection.key or "dead-letters",
        actor=selection.actor,
        now=now,
        details=details,
    )


def replay_batch(uow: UnitOfWork, selection: ReplayDeadLetters, *, send: Send) -> Replayed:
    """Replay up to BATCH dead letters, each to the queue that dead-lettered it, and mark the confirmed ones.

    If the commit fails after the confirm, they are sent once more under the same replay number; the inbox drops the
    duplicates. Messages that the broker rejects keep waiting.
    """
    # Locked rows are being sent by another replay.
    query = (
        queries.matching_dead_letters(selection)
        .order_by(col(DeadLetter.id))
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    rows = uow.session.exec(query).all()
    refused: dict[UUID, str] = {}
    for queue, batch in groupby(sorted(rows, key=lambda row: address(row.queue)), key=lambda row: address(row.queue)):
        refused |= send(queue, [_outgoing(row) for row in batch])
    for row in rows:
        if _id_of(row) not in refused:
            row.state, row.replays = DeadLetterState.REPLAYED, row.replays + 1
            row.replayed_at, row.replayed_by = real_now(), selection.actor
            uow.session.add(row)
    return Replayed(len(rows) - len(refused), len(refused), rows[-1].id if rows else "")


def next_batch(selection: ReplayDeadLetters, done: Replayed) -> ReplayDeadLetters | None:
    """Return the selection of the next batch, or None after the last."""
    return selection.model_copy(update={"after": done.after}) if done.after else None


def _outgoing(row: DeadLetter) -> Outgoing:
    return Outgoing(_id_of(row), row.type, headers_of_replay(row.headers, row.replays + 1), row.body)


def _id_of(row: DeadLetter) -> UUID:
    return UUID(row.id[:32])
