"""Deadlines as people state them: whole local days, half-open. Called by actions, queries and pages."""

from datetime import UTC, datetime, time, timedelta

from shared.foundation.clock import SHANGHAI, local

CORRECTION_DAYS = 3
CROSSING = timedelta(hours=1)
"""How long the timer waits after `correct_by`: a correction that intake accepted in the last minute is still on its way."""


def end_of_local_day(now: datetime, *, days: int) -> datetime:
    """The midnight that ends the local day `days` after today, as UTC."""
    day = local(now).date() + timedelta(days=days + 1)
    return datetime.combine(day, time(), SHANGHAI).astimezone(UTC)


def publicity_ends(frozen_at: datetime, *, days: int) -> datetime:
    """When a frozen ranking may be released: at once without publicity (公示), else after that many whole days."""
    return end_of_local_day(frozen_at, days=days) if days else frozen_at


def is_in_time(paid_at: datetime | None, pay_by: datetime | None) -> bool:
    """Whether money was complete before the limit. By a bank that prints no times, that of the next day comes at it."""
    return paid_at is not None and pay_by is not None and paid_at < pay_by


def shown_limit(moment: datetime | None) -> str:
    """A half-open limit as people read it: midnight is 24:00 of the day before, as the letters print it."""
    if moment is None:
        return "—"
    here = local(moment)
    if (here.hour, here.minute) == (0, 0):
        return f"{here - timedelta(days=1):%Y-%m-%d} 24:00"
    return f"{here:%Y-%m-%d %H:%M}"
