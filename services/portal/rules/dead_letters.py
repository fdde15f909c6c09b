"""Determine a dead letter's origin, and the queue and headers of its replay. Called by actions."""

import re
from collections.abc import Mapping

from shared.events.envelope import PREFIX
from shared.messaging.transport import QUEUE, REPLAY

# The broker's name of a queue or retry queue, in the header of a message that the broker dead-lettered itself.
_BROKER_QUEUE = re.compile(r"^lingjun\.(.+?)(\.retry\.[\d.]+s)?$")
_TRACE = frozenset({"traceparent", "tracestate"})
# Version, trace, span and flags. A store has only sampled traces: the last bit of the flags.
_SAMPLED = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f][13579bdf]")


def origin(headers: Mapping[str, str]) -> str:
    """Return the queue that dead-lettered the message: the consumer's header, else the broker's."""
    return headers.get(QUEUE) or _BROKER_QUEUE.sub(r"\1", headers.get("x-first-death-queue", "未知"))


def address(queue: str) -> str:
    """Return the queue for a replay. A service receives its failed jobs on the same queue as events."""
    return queue.removesuffix(".jobs")


def trace_of(headers: Mapping[str, str]) -> str:
    """Return the id of the trace that the message belongs to; empty if it was not traced."""
    found = _SAMPLED.fullmatch(str(headers.get(f"{PREFIX}traceparent", "")))
    return found[1] if found else ""


def headers_of_replay(headers: Mapping[str, str], number: int) -> dict[str, str | int]:
    """Return the original headers, without those of retries and dead-lettering, plus the replay number (from 1)."""
    original: dict[str, str | int] = {
        name: value for name, value in headers.items() if name.startswith(PREFIX) or name in _TRACE
    }
    return original | {REPLAY: number}
