"""The timer: handles due deadlines once a minute, and after each jump of a demo clock. Deadlines are stored in rows.

Celery beat triggers `Timer.run_if_due` in a worker. In standalone mode, `watch` calls it.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlmodel import select

from shared.context import Context, Tools
from shared.foundation.clock import Clock
from shared.persistence.columns import for_update
from shared.persistence.database import Database
from shared.persistence.models import TimerRow

EVERY = timedelta(minutes=1)

RunDue = Callable[..., None]


def timer_interval(clock: Clock) -> timedelta:
    """Interval between checks in real time: well below EVERY, and short for a demo clock, which can jump."""
    return timedelta(seconds=0.25) if clock.travels else EVERY / 4


class Timer:
    """Calls `run_due(uow, context=…)` and stores the time up to which deadlines are handled. A repeat changes
    nothing."""

    def __init__(self, database: Database, run_due: RunDue, *, clock: Clock, tools: Tools) -> None:
        self._database, self._run_due, self._clock, self._tools = database, run_due, clock, tools

    async def watch(self) -> None:
        """Check for due deadlines until cancelled."""
        while True:
            await asyncio.to_thread(self.run_if_due)
            await asyncio.sleep(timer_interval(self._clock).total_seconds())

    def run_if_due(self) -> None:
        """Handle the deadlines that are due, unless the last run was less than a minute of business time ago."""
        now = self._clock.now()
        with self._database.reader() as session:
            if self._is_fresh(session.get(TimerRow, 1), now):
                return
        with self._database.transaction() as uow:
            row = uow.session.exec(for_update(select(TimerRow).where(TimerRow.id == 1))).one_or_none()
            if self._is_fresh(row, now):
                return
            self._run_due(uow, context=Context(actor="timer", now=now, tools=self._tools))
            row = row or TimerRow(id=1, looked_at=now)
            row.looked_at = now
            uow.session.add(row)

    def _is_fresh(self, row: TimerRow | None, now: datetime) -> bool:
        if row is None:
            return False
        return now - row.looked_at < (timedelta(microseconds=1) if self._clock.travels else EVERY)
