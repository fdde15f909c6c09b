"""Replay of the event log through a consumer and its inbox. Used by the portal's rebuild.

A new service may be filled the same way before its bus runs for the first time.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shared.messaging.consumer import BATCH, Consumer
from shared.messaging.transport import Delivery, Transport


@dataclass(frozen=True)
class ReplayResult:
    """The outcome of a replay: the number of events read from the log, and those that failed, with the reason."""

    read: int
    failed: tuple[tuple[Delivery, str], ...]


async def replay_log(
    transport: Transport, consumer: Consumer, *, progress: Callable[[int], None] = lambda count: None
) -> ReplayResult:
    """Handle every event of the log, oldest first. Events in the inbox are skipped, so a repeat changes nothing.

    Failed events are retried after the others, as long as at least one of them succeeds: events of two services may be
    in the log in another order than their handlers need. `progress` receives the number of events read so far. Raises
    ConnectionError.
    """
    count, failed, batch = 0, [], []
    async for delivery in transport.read_log():
        batch.append(delivery)
        if len(batch) == BATCH:
            failed += await _handle(consumer, batch)
            count, batch = count + len(batch), []
            progress(count)
    failed += await _handle(consumer, batch)
    progress(count + len(batch))
    return ReplayResult(count + len(batch), await _retry(consumer, failed))


async def _retry(consumer: Consumer, failed: Sequence[tuple[Delivery, str]]) -> tuple[tuple[Delivery, str], ...]:
    """Retry the failed events until a round brings no success; return those that failed in it."""
    while failed:
        failed_again: list[tuple[Delivery, str]] = []
        for delivery, _ in failed:
            failed_again += await _handle(consumer, [delivery])
        if len(failed_again) == len(failed):
            return tuple(failed_again)
        failed = failed_again
    return ()


async def _handle(consumer: Consumer, batch: Sequence[Delivery]) -> list[tuple[Delivery, str]]:
    """Handle a batch, split in halves until each failing event is alone. Return those, with the reason."""
    if not batch:
        return []
    try:
        await asyncio.to_thread(consumer.handle, batch)
    except Exception as error:
        if len(batch) == 1:
            return [(batch[0], f"{type(error).__name__}: {error}")]
        middle = len(batch) // 2
        return await _handle(consumer, batch[:middle]) + await _handle(consumer, batch[middle:])
    return []
