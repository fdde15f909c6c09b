"""The dispatcher: sends due jobs to Celery, or executes them in the process. Runs in every bus.py."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, bindparam, or_, update
from sqlmodel import col, select

from shared.foundation.clock import real_now
from shared.jobs.lease import DISPATCHED_LEASE, LEASE
from shared.persistence.columns import UtcDateTime
from shared.persistence.database import Database
from shared.persistence.models import JobRow
from shared.persistence.unit_of_work import UnitOfWork

POLL = 0.25

# Every service runs these queries several times a second, so they are built once.
_NOW: BindParameter[datetime] = bindparam("now", type_=UtcDateTime())
_IS_DUE = or_(
    (col(JobRow.state) == "waiting") & (col(JobRow.next_at) <= _NOW),
    col(JobRow.state).in_(["sent", "running"]) & (col(JobRow.lease_until) <= _NOW),
)
_ANY_DUE = select(JobRow.id).where(_IS_DUE).limit(1)
_DUE = select(JobRow.id).where(_IS_DUE).order_by(col(JobRow.created_at)).limit(100).with_for_update(skip_locked=True)


class Dispatcher:
    """Passes due jobs to `send`. A job that has not ended when its lease expires is sent again."""

    def __init__(self, database: Database, send: Callable[[UUID], None]) -> None:
        self._database, self._send = database, send
        self._woken = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def wake(self) -> None:
        """Look for due jobs now. May be called from any thread."""
        self._loop.call_soon_threadsafe(self._woken.set)

    async def run(self) -> None:
        """Dispatch until cancelled."""
        while True:
            self._woken.clear()
            if leased := await asyncio.to_thread(self._lease_due):
                await asyncio.to_thread(self._send_all, leased)
            try:
                await asyncio.wait_for(self._woken.wait(), POLL)
            except TimeoutError:
                continue

    def _send_all(self, leased: list[UUID]) -> None:
        sent = 0
        try:
            for job_id in leased:
                self._send(job_id)
                sent += 1
        finally:
            with self._database.transaction() as uow:
                self._update_unstarted(uow, leased[:sent], lease_until=real_now() + DISPATCHED_LEASE)
                self._update_unstarted(uow, leased[sent:], state="waiting", lease_until=None)

    def _update_unstarted(self, uow: UnitOfWork, job_ids: list[UUID], **values: Any) -> None:
        """Update those of the jobs that no worker has started."""
        unstarted = update(JobRow).where(col(JobRow.id).in_(job_ids), col(JobRow.state) == "sent")
        uow.session.execute(unstarted.values(**values))

    def _lease_due(self) -> list[UUID]:
        now = real_now()
        with self._database.reader() as session:
            if session.exec(_ANY_DUE, params={"now": now}).first() is None:
                return []
        with self._database.transaction() as uow:
            leased = list(uow.session.exec(_DUE, params={"now": now}).all())
            uow.session.execute(
                update(JobRow).where(col(JobRow.id).in_(leased)).values(state="sent", lease_until=now + LEASE)
            )
            return leased
