"""What the client was promised: every accepted application with its key and times. Written by client.py, read by evidence.py."""

import threading
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Accepted:
    """An application that was answered 201. Times in seconds since the epoch: first sent, and answered. `tries`: how often the
    most repeated of its requests was sent, scans included."""

    platform_no: str
    key: str
    application_id: str
    email: str
    sent_at: float
    answered_at: float
    tries: int


@dataclass
class Ledger:
    """Filled by many threads at once."""

    accepted: list[Accepted] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def accept(self, entry: Accepted) -> None:
        """It was answered 201."""
        with self._lock:
            self.accepted.append(entry)

    def refuse(self, platform_no: str, answer: str) -> None:
        """It was answered, and with no: none of these applications deserves that."""
        with self._lock:
            self.refused.append(f"{platform_no}: {answer}")

    def give_up(self, platform_no: str, reason: str) -> None:
        """It was never answered, although it was sent again and again."""
        with self._lock:
            self.unanswered.append(f"{platform_no}: {reason}")
