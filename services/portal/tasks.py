"""Background jobs of the portal, executed by the worker."""

from collections.abc import Callable

from services.portal import actions
from services.portal.jobs import ReplayDeadLetters
from shared.context import Context
from shared.jobs.job import enqueue
from shared.messaging.sync_publisher import SyncPublisher
from shared.persistence.unit_of_work import UnitOfWork


def replay_dead_letters(
    uow: UnitOfWork, job: ReplayDeadLetters, *, context: Context, make_publisher: Callable[[], SyncPublisher]
) -> str:
    """Replay one batch. The next batch is a separate job, to keep transactions short."""
    with make_publisher() as send:
        done = actions.replay_batch(uow, job, send=send)
    if rest := actions.next_batch(job, done):
        enqueue(uow, rest)
    return f"sent {done.sent}, refused {done.refused}"
