"""Business time as an adaptor: the system's, or, in demo mode only, a value that only moves forward.

Passed into every action as `now` by the edges. Cookies, lock-outs, leases and retry delays use `real_now` instead.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from shared.foundation.errors import Conflict

SHANGHAI = ZoneInfo("Asia/Shanghai")


class Clock(Protocol):
    """Where business time comes from."""

    travels: bool

    def now(self) -> datetime:
        """The business time, aware, in UTC."""


def real_now() -> datetime:
    """The machine's time, aware, in UTC: for leases, retries and sessions, never for business decisions."""
    return datetime.now(UTC)


class SystemClock:
    """The machine's time."""

    travels = False

    def now(self) -> datetime:
        return real_now()


class TravellingClock:
    """A demo's time, kept in a file that every process of the house reads; it stands still until it is moved on."""

    travels = True

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read: tuple[tuple[int, int], datetime] | None = None

    def now(self) -> datetime:
        found = self._path.stat()
        version = (found.st_ino, found.st_mtime_ns)
        if self._read is None or self._read[0] != version:
            self._read = (version, datetime.fromisoformat(self._path.read_text().strip()))
        return self._read[1]

    def set(self, moment: datetime) -> None:
        """Moves to `moment` (aware). Refuses to go back; the same moment again does nothing."""
        if self._path.exists() and moment < self.now():
            raise Conflict("演示时钟只能向前走,不能倒退。", code="clock-backwards")
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_suffix(".new")
        fresh.write_text(moment.astimezone(UTC).isoformat())
        fresh.replace(self._path)


def make_clock(setting: str) -> Clock:
    """`system`, or `travelling:<path of the clock file>`."""
    kind, _, path = setting.partition(":")
    return TravellingClock(Path(path)) if kind == "travelling" else SystemClock()


def local(moment: datetime) -> datetime:
    """The moment as people in China read it."""
    return moment.astimezone(SHANGHAI)
