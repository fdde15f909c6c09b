"""Business time: the system clock or, in demo mode only, a clock that is set by hand and only moves forward.

Endpoints, handlers and jobs pass it to actions as `now`. Cookies, lock-outs, leases and retry delays use `real_now`.
"""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from shared.foundation.errors import Conflict

SHANGHAI = ZoneInfo("Asia/Shanghai")
# No date of the platform is outside of these. The first and last years of datetime overflow in another time zone.
EARLIEST_DAY, LATEST_DAY = date(1900, 1, 1), date(2199, 12, 31)


class Clock(Protocol):
    """Source of business time. `travels`: whether it can be set (demo mode)."""

    travels: bool

    def now(self) -> datetime:
        """Return the business time, aware, in UTC."""


def real_now() -> datetime:
    """Return the system time, aware, in UTC. For leases, retries and sessions, never for business decisions."""
    return datetime.now(UTC)


class SystemClock:
    """The system time."""

    travels = False

    def now(self) -> datetime:
        return real_now()


class TravellingClock:
    """The clock of a demo, stored in a file that all processes read. It stands still until it is set."""

    travels = True

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read: tuple[tuple[int, int], datetime] | None = None

    def now(self) -> datetime:
        status = self._path.stat()
        version = (status.st_ino, status.st_mtime_ns)
        if self._read is None or self._read[0] != version:
            self._read = (version, datetime.fromisoformat(self._path.read_text().strip()))
        return self._read[1]

    def set(self, moment: datetime) -> None:
        """Move to `moment` (aware). Raises Conflict for an earlier time; the same time again changes nothing."""
        if self._path.exists() and moment < self.now():
            raise Conflict("演示时钟只能向前走,不能倒退。", code="clock-backwards")
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_suffix(".new")
        fresh.write_text(moment.astimezone(UTC).isoformat())
        fresh.replace(self._path)


def make_clock(setting: str) -> Clock:
    """Return the clock for `system` or `travelling:<path of the clock file>`."""
    kind, _, path = setting.partition(":")
    return TravellingClock(Path(path)) if kind == "travelling" else SystemClock()


def parse_day(text: str) -> date:
    """Return a day written as 2021-12-06. Raises ValueError, also for a day outside of EARLIEST_DAY to LATEST_DAY."""
    day = date.fromisoformat(text)
    if not EARLIEST_DAY <= day <= LATEST_DAY:
        raise ValueError(f"no date of the platform: {day}")
    return day


def local(moment: datetime) -> datetime:
    """Convert to China time (Asia/Shanghai)."""
    return moment.astimezone(SHANGHAI)
