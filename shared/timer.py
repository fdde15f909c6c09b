"""Deadlines are rows; once a minute, and after each jump of a demo's clock, the service handles what is due. Runs in bus.py."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlmodel import Session

from shared.clock import Clock
from shared.context import Context, Tools
from shared.database import Database
from shared.models import TimerRow

EVERY = timedelta(minutes=1)
_POLL = 0.2

RunDue = Callable[..., None]


class Timer:
    """Calls `run_due(session, context=…)` and remembers up to when; handling the same moment twice changes nothing."""

    def __init__(self, database: Database, run_due: RunDue, *, clock: Clock, tools: Tools) -> None:
        self._database, self._run_due, self._clock, self._tools = database, run_due, clock, tools

    async def run(self) -> None:
        """Looks until cancelled."""
        while True:
            await asyncio.to_thread(self.look)
            await asyncio.sleep(_POLL if self._clock.travels else EVERY.total_seconds() / 4)

    def look(self) -> None:
        """Handles what is due now, unless that was done less than a minute of business time ago."""
        now = self._clock.now()
        with self._database.reader() as session:
            last = session.get(TimerRow, 1)
        if last and now - last.looked_at < (timedelta(microseconds=1) if self._clock.travels else EVERY):
            return
        with self._database.transaction() as session:
            self._run_due(session, context=Context(actor="timer", now=now, tools=self._tools))
            self._remember(session, now)

    def _remember(self, session: Session, now: datetime) -> None:
        row = session.get(TimerRow, 1) or TimerRow(id=1, looked_at=now)
        row.looked_at = now
        session.add(row)
