"""Deadlines are rows; once a minute, and after each jump of a demo's clock, the service handles what is due.

`Timer.look` is called by the Celery worker when beat asks for it, or by `watch` in the process of an embedded house.
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


def look_every(clock: Clock) -> timedelta:
    """How often to look, in real time: well within EVERY, and soon after a jump of a demo's clock."""
    return timedelta(seconds=0.25) if clock.travels else EVERY / 4


class Timer:
    """Calls `run_due(session, context=…)` and remembers up to when; handling the same moment twice changes nothing."""

    def __init__(self, database: Database, run_due: RunDue, *, clock: Clock, tools: Tools) -> None:
        self._database, self._run_due, self._clock, self._tools = database, run_due, clock, tools

    async def watch(self) -> None:
        """Looks until cancelled."""
        while True:
            await asyncio.to_thread(self.look)
            await asyncio.sleep(look_every(self._clock).total_seconds())

    def look(self) -> None:
        """Handles what is due now, unless that was done less than a minute of business time ago."""
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
