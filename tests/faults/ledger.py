"""The client's record: every accepted application with key and times. Written by client.py, read by comparison.py."""

import threading
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Accepted:
    """An application with a 201 response. `sent_at` (first attempt) and `answered_at`: seconds since the epoch.

    `tries`: the largest number of attempts of any of its requests, scans included.
    """

    platform_no: str
    key: str
    application_id: str
    email: str
    sent_at: float
    answered_at: float
    tries: int


@dataclass
class Ledger:
    """A thread-safe record of all applications: accepted, refused and unanswered."""

    accepted: list[Accepted] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def record_accepted(self, entry: Accepted) -> None:
        """Record a 201 response."""
        with self._lock:
            self.accepted.append(entry)

    def record_refused(self, platform_no: str, answer: str) -> None:
        """Record a rejection. All applications are valid, so each rejection is an error."""
        with self._lock:
            self.refused.append(f"{platform_no}: {answer}")

    def record_unanswered(self, platform_no: str, reason: str) -> None:
        """Record an application that got no response in spite of all repeats."""
        with self._lock:
            self.unanswered.append(f"{platform_no}: {reason}")
