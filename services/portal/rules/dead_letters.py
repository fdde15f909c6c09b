"""Where a dead letter comes from and what of it is sent again. Called by actions."""

import re
from collections.abc import Mapping

from shared.events.envelope import PREFIX
from shared.messaging.transport import QUEUE, REPLAY

# The broker's own name of a queue, or of one of its parking queues, in the header of a message that it gave up itself.
_BROKERS = re.compile(r"^lingjun\.(.+?)(\.retry\.[\d.]+s)?$")
_TRACE = frozenset({"traceparent", "tracestate"})


def origin(headers: Mapping[str, str]) -> str:
    """The queue that gave the message up: as its consumer says, else as the broker does."""
    return headers.get(QUEUE) or _BROKERS.sub(r"\1", headers.get("x-first-death-queue", "未知"))


def address(queue: str) -> str:
    """The queue to send a letter of `queue` to: a service hears of its own failed jobs where it hears of events."""
    return queue.removesuffix(".jobs")


def headers_of_replay(headers: Mapping[str, str], number: int) -> dict[str, str | int]:
    """What was said first, without what retries and burials added, and which replay this is, from 1."""
    said: dict[str, str | int] = {
        name: value for name, value in headers.items() if name.startswith(PREFIX) or name in _TRACE
    }
    return said | {REPLAY: number}
