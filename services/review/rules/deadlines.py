"""Deadlines in whole local days, with exclusive limits. Called by actions, queries and pages."""

from datetime import UTC, datetime, time, timedelta

from shared.foundation.clock import SHANGHAI, local

CORRECTION_DAYS = 3
CROSSING = timedelta(hours=1)
"""Delay after `correct_by` before the timer rejects: an event for a correction accepted at the last minute may be in
transit."""


def end_of_local_day(now: datetime, *, days: int) -> datetime:
    """Return, as UTC, the midnight that ends the local day `days` after today."""
    day = local(now).date() + timedelta(days=days + 1)
    return datetime.combine(day, time(), SHANGHAI).astimezone(UTC)


def publicity_ends(frozen_at: datetime, *, days: int) -> datetime:
    """Return when a frozen ranking may be released: at once without publicity (公示), else after that many whole
    days."""
    return end_of_local_day(frozen_at, days=days) if days else frozen_at


def is_in_time(paid_at: datetime | None, pay_by: datetime | None) -> bool:
    """Return whether the payment was complete before `pay_by`. A bank that prints no times books next-day payments
    exactly at the limit, which is late."""
    return paid_at is not None and pay_by is not None and paid_at < pay_by


def format_limit(moment: datetime | None) -> str:
    """Format an exclusive limit: midnight is 24:00 of the day before, as the letters print it."""
    if moment is None:
        return "—"
    at = local(moment)
    if (at.hour, at.minute) == (0, 0):
        return f"{at - timedelta(days=1):%Y-%m-%d} 24:00"
    return f"{at:%Y-%m-%d %H:%M}"
