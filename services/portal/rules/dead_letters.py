"""Determine a dead letter's origin, and the queue and headers of its replay. Called by actions."""

import re
from collections.abc import Mapping

from shared.events.envelope import PREFIX
from shared.messaging.transport import QUEUE, REPLAY

# The broker's name of a queue or retry queue, in the header of a message that the broker dead-lettered itself.
_BROKER_QUEUE = re.compile(r"^lingjun\.(.+?)(\.retry\.[\d.]+s)?$")
_TRACE = frozenset({"traceparent", "tracestate"})


def origin(headers: Mapping[str, str]) -> str:
    """Return the queue that dead-lettered the message: the consumer's header, else the broker's."""
    return headers.get(QUEUE) or _BROKER_QUEUE.sub(r"\1", headers.get("x-first-death-queue", "未知"))


def address(queue: str) -> str:
    """Return the queue for a replay. A service receives its failed jobs on the same queue as events."""
    return queue.removesuffix(".jobs")


def headers_of_replay(headers: Mapping[str, str], number: int) -> dict[str, str | int]:
    """Return the original headers, without those of retries and dead-lettering, plus the replay number (from 1)."""
    original: dict[str, str | int] = {
        name: value for name, value in headers.items() if name.startswith(PREFIX) or name in _TRACE
    }
    return original | {REPLAY: number}
