"""Leases of jobs and their renewal. Used by the job worker and the dispatcher.

A worker's lease is short, so that the job of a killed worker is retried soon, and is renewed while the job runs.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import structlog
from sqlalchemy import update
from sqlalchemy.exc import OperationalError
from sqlmodel import col

from shared.foundation.clock import real_now
from shared.persistence.database import Database
from shared.persistence.models import JobRow

LEASE = timedelta(seconds=30)
# The broker keeps a job that was sent. It reaches a worker unless the broker loses its data.
DISPATCHED_LEASE = timedelta(minutes=10)
_log = structlog.get_logger()


def working_lease(database: Database) -> timedelta:
    """Return the lease of a running job. It is long on SQLite: there it is not renewed, and standalone mode requeues
    orphaned jobs when it starts."""
    return DISPATCHED_LEASE if database.is_sqlite else LEASE


@contextmanager
def renewing_lease(database: Database, row: JobRow) -> Iterator[None]:
    """Renew the lease of a running job while the context is open. Not on SQLite, where the job's transaction blocks all
    others."""
    ended = threading.Event()
    if not database.is_sqlite:
        threading.Thread(target=_renew, args=(database, row, ended), name="lease", daemon=True).start()
    try:
        yield
    finally:
        ended.set()


def _renew(database: Database, row: JobRow, ended: threading.Event) -> None:
    own_lease = (col(JobRow.id) == row.id) & (col(JobRow.state) == "running") & (col(JobRow.attempt) == row.attempt)
    while not ended.wait(LEASE.total_seconds() / 3):
        try:
            with database.transaction() as uow:
                uow.session.execute(update(JobRow).where(own_lease).values(lease_until=real_now() + LEASE))
        except OperationalError as error:
            _log.warning("lease_not_renewed", job_id=str(row.id), reason=str(error.orig))
