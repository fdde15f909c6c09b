"""Delays before what failed is repeated, and repetition with tenacity. Used wherever a server may be unreachable.

Delays are a tuple: the first is waited after the first failure, and so on. Where there is no limit to the repeats, the last
is waited after all later failures.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from tenacity import AsyncRetrying, RetryCallState, Retrying, retry_if_exception_type

E = TypeVar("E", bound=Exception)
Delays = Sequence[timedelta]
# Is called before each wait with the error, the number of failures in a row, and the seconds to wait.
OnFailure = Callable[[E, int, float], None]


def _seconds(*delays: float) -> tuple[timedelta, ...]:
    return tuple(timedelta(seconds=delay) for delay in delays)


DATABASE_DELAYS = _seconds(0.5)
# For the work of a bus process: a lost connection ends it.
BUS_DELAYS = _seconds(0.5, 1, 2, 5)
# For an event that the broker does not accept.
REFUSED_EVENT_DELAYS = _seconds(0.25, 0.5, 1, 2, 4, 8, 16, 32, 60)
# For a failed delivery, unless LINGJUN_RETRY_LADDER is set. After the last retry the delivery is dead-lettered.
DELIVERY_DELAYS = _seconds(1, 10, 60, 600)
# For a failed job. After the last retry the job is dead-lettered.
JOB_DELAYS = _seconds(1, 10, 60, 600, 3600)


def delay_after(failures: int, delays: Delays) -> timedelta:
    """Return the delay after this many failures in a row, at least one."""
    return delays[min(failures, len(delays)) - 1]


def retrying(delays: Delays, error: type[E], on_failure: OnFailure[E]) -> Retrying:
    """Return a controller for one call, `retrying(…)(act)`: it calls `act` until it raises no `error`, and returns its
    result. Other exceptions pass."""
    return Retrying(**_policy(delays, error, on_failure))


def retrying_async(delays: Delays, error: type[E], on_failure: OnFailure[E]) -> AsyncRetrying:
    """Return a controller for one loop, `async for attempt in retrying_async(…)`: it repeats its `with attempt` block
    until it raises no `error`. Other exceptions and cancellation pass."""
    return AsyncRetrying(**_policy(delays, error, on_failure))


def _policy(delays: Delays, error: type[E], on_failure: OnFailure[E]) -> dict[str, Any]:
    def wait(state: RetryCallState) -> float:
        return delay_after(state.attempt_number, delays).total_seconds()

    def before_sleep(state: RetryCallState) -> None:
        failed: Any = state.outcome
        on_failure(failed.exception(), state.attempt_number, state.upcoming_sleep)

    return {"wait": wait, "retry": retry_if_exception_type(error), "before_sleep": before_sleep}
