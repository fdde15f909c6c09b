"""Delays and retries: which delay follows which failure, what is repeated, and what passes."""

import asyncio
from datetime import timedelta

import pytest

from shared.foundation.retries import JOB_DELAYS, REFUSED_EVENT_DELAYS, delay_after, retrying, retrying_async

DELAYS = (timedelta(milliseconds=1), timedelta(milliseconds=2))


class Server:
    """A server that is away for a number of calls. Keeps what `on_failure` was called with."""

    def __init__(self, away: int, error: Exception | None = None) -> None:
        self.away, self.error = away, error or ConnectionError("away")
        self.failures: list[tuple[str, int, float]] = []

    def act(self) -> str:
        self.away -= 1
        if self.away >= 0:
            raise self.error
        return "done"

    def note(self, error: Exception, failures: int, pause: float) -> None:
        self.failures.append((str(error), failures, pause))


def test_each_failure_has_its_delay_and_the_last_delay_lasts() -> None:
    assert [delay_after(failures, DELAYS) for failures in (1, 2, 3, 9)] == [DELAYS[0], DELAYS[1], DELAYS[1], DELAYS[1]]


@pytest.mark.parametrize("delays", [REFUSED_EVENT_DELAYS, JOB_DELAYS])
def test_the_delays_increase(delays: tuple[timedelta, ...]) -> None:
    assert list(delays) == sorted(set(delays))


def test_a_call_is_repeated_until_it_succeeds() -> None:
    server = Server(away=3)
    assert retrying(DELAYS, ConnectionError, server.note)(server.act) == "done"
    assert server.failures == [("away", 1, 0.001), ("away", 2, 0.002), ("away", 3, 0.002)]


def test_another_error_passes_at_once() -> None:
    server = Server(away=1, error=ValueError("wrong"))
    with pytest.raises(ValueError, match="wrong"):
        retrying(DELAYS, ConnectionError, server.note)(server.act)
    assert server.failures == []


async def _until_done(server: Server) -> str:
    async for attempt in retrying_async(DELAYS, ConnectionError, server.note):
        with attempt:
            result = server.act()
    return result


def test_a_block_is_repeated_until_it_succeeds() -> None:
    server = Server(away=3)
    assert asyncio.run(_until_done(server)) == "done"
    assert server.failures == [("away", 1, 0.001), ("away", 2, 0.002), ("away", 3, 0.002)]


def test_another_error_of_a_block_passes_at_once() -> None:
    server = Server(away=1, error=ValueError("wrong"))
    with pytest.raises(ValueError, match="wrong"):
        asyncio.run(_until_done(server))
    assert server.failures == []


@pytest.mark.parametrize("moment", ["block", "delay"])
def test_cancellation_ends_the_loop(moment: str) -> None:
    entered = asyncio.Event()

    async def repeat() -> None:
        async for attempt in retrying_async([timedelta(hours=1)], ConnectionError, lambda *_: entered.set()):
            with attempt:
                if moment == "delay":
                    raise ConnectionError
                entered.set()
                await asyncio.Event().wait()

    async def cancel() -> None:
        task = asyncio.create_task(repeat())
        await entered.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())
