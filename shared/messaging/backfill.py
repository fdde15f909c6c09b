"""Event log -> consumer: fills a service from the past, through its inbox. Used by the portal's rebuild; a new service may
be filled the same way before its bus runs for the first time.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shared.messaging.consumer import BATCH, Consumer
from shared.messaging.transport import Delivery, Transport


@dataclass(frozen=True)
class ReplayResult:
    """What came of hearing the past: how many events the log held, and which could not be handled, with the reason."""

    heard: int
    left: tuple[tuple[Delivery, str], ...]


async def replay_log(
    transport: Transport, consumer: Consumer, *, progress: Callable[[int], None] = lambda heard: None
) -> ReplayResult:
    """Hands every event that the log keeps to the consumer's handlers, oldest first; what the inbox knows is passed over, so
    a repeat changes nothing.

    What fails is tried again after the others, for as long as that helps: two services' events may stand in the log in
    another order than they need. `progress` is told how many were heard. Raises ConnectionError.
    """
    heard, left, batch = 0, [], []
    async for delivery in transport.past():
        batch.append(delivery)
        if len(batch) == BATCH:
            left += await _handle(consumer, batch)
            heard, batch = heard + len(batch), []
            progress(heard)
    left += await _handle(consumer, batch)
    progress(heard + len(batch))
    return ReplayResult(heard + len(batch), await _handle_rest(consumer, left))


async def _handle_rest(consumer: Consumer, left: Sequence[tuple[Delivery, str]]) -> tuple[tuple[Delivery, str], ...]:
    while left:
        still: list[tuple[Delivery, str]] = []
        for delivery, _ in left:
            still += await _handle(consumer, [delivery])
        if len(still) == len(left):
            return tuple(still)
        left = still
    return ()


async def _handle(consumer: Consumer, batch: Sequence[Delivery]) -> list[tuple[Delivery, str]]:
    """What of the batch failed, with the reason; halved until the culprit stands alone."""
    if not batch:
        return []
    try:
        await asyncio.to_thread(consumer.handle, batch)
    except Exception as fault:
        if len(batch) == 1:
            return [(batch[0], f"{type(fault).__name__}: {fault}")]
        middle = len(batch) // 2
        return await _handle(consumer, batch[:middle]) + await _handle(consumer, batch[middle:])
    return []
