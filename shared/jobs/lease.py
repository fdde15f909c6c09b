"""How long a job is left to whoever has it: the lease, and its keeper. Used by the job worker and the dispatcher.

A worker's lease is short, so that the job of a killed one is soon taken up again, and renewed while the work goes on.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeVar

import structlog
from sqlalchemy import update
from sqlalchemy.exc import OperationalError
from sqlmodel import col

from shared.foundation.clock import real_now
from shared.persistence.database import Database
from shared.persistence.models import JobRow

LEASE = timedelta(seconds=30)
# A job that was handed out is in the broker's keeping; only a broker that lost its data does not bring it to a worker.
LONG = timedelta(minutes=10)
_PAUSE_SECONDS = 0.5
T = TypeVar("T")
_log = structlog.get_logger()


def working_lease(database: Database) -> timedelta:
    """What a worker takes for itself. Long on SQLite: nobody renews it, and a house of one process takes back at its start
    what ended with it."""
    return LONG if database.is_sqlite else LEASE


@contextmanager
def renewing_lease(database: Database, row: JobRow) -> Iterator[None]:
    """Renews the lease of a running job until left. Not on SQLite, where the job's own transaction keeps out every other."""
    ended = threading.Event()
    if not database.is_sqlite:
        threading.Thread(target=_renew, args=(database, row, ended), name="lease", daemon=True).start()
    try:
        yield
    finally:
        ended.set()


def _renew(database: Database, row: JobRow, ended: threading.Event) -> None:
    mine = (col(JobRow.id) == row.id) & (col(JobRow.state) == "running") & (col(JobRow.attempt) == row.attempt)
    while not ended.wait(LEASE.total_seconds() / 3):
        try:
            with database.transaction() as uow:
                uow.session.execute(update(JobRow).where(mine).values(lease_until=real_now() + LEASE))
        except OperationalError as fault:
            _log.warning("lease_not_renewed", job_id=str(row.id), reason=str(fault.orig))


def retry_while_away(database: Database, act: Callable[[], T]) -> T:
    """Does `act`, again and again while PostgreSQL is away: whoever has a job in hand waits with it."""
    while True:
        try:
            return act()
        except OperationalError as fault:
            if database.is_sqlite:
                raise
            _log.error("database_away", reason=str(fault.orig))
            time.sleep(_PAUSE_SECONDS)
