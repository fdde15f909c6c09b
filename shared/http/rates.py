"""How often one sender may call: requests are counted per API key or session, and without either per address.

`limits` keeps the windows, in Redis for all processes of a service. Each process counts a busy sender by itself and adds its
count to the window once a second, or when it reaches a hundredth of the limit, so that most requests wait for no server.
Used by gate.py.
"""

import math
import time
from dataclasses import dataclass
from typing import Literal

import structlog
from fastapi import Request
from limits.limits import RateLimitItem
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from limits.util import parse
from redis import ConnectionPool, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry
from starlette.concurrency import run_in_threadpool

from shared.foundation.addresses import network_of
from shared.foundation.errors import Refusal
from shared.http.auth import SAFE_METHODS
from shared.wiring.settings import Settings

Kind = Literal["key", "address", "form"]
_SECONDS_BETWEEN_SUMS = 1.0
_REDIS_SECONDS = 0.25
_MOST_SENDERS = 10_000
_log = structlog.get_logger()


class TooManyRequests(Refusal):
    """The sender has reached its limit. `headers`: Retry-After (RFC 9110, 10.2.3) and those of
    draft-ietf-httpapi-ratelimit-headers."""

    def __init__(self, kind: Kind, limit: RateLimitItem, seconds: int) -> None:
        message = "操作过于频繁,请在 {seconds} 秒后再试。"
        super().__init__(message, code="too-many-requests", values={"seconds": seconds})
        self.headers = {
            "Retry-After": str(seconds),
            "RateLimit": f'"{kind}";r=0;t={seconds}',
            "RateLimit-Policy": f'"{kind}";q={limit.amount};w={limit.get_expiry()}',
        }


@dataclass
class _Sender:
    """What this process knows of a sender: requests that are not yet in the window, and how long it must wait, seconds."""

    uncounted: int = 0
    summed_at: float = -math.inf
    wait: int = 0

    @property
    def is_fresh(self) -> bool:
        """Whether the window was read within the last second."""
        return time.monotonic() - self.summed_at < _SECONDS_BETWEEN_SUMS


class Rates:
    """The limits of one process. While Redis is away, every request passes; sign-in then fails by its own counters."""

    def __init__(self, settings: Settings) -> None:
        self._limits: dict[Kind, RateLimitItem] = {
            "key": parse(settings.rate_per_key),
            "address": parse(settings.rate_per_address),
            "form": parse(settings.rate_per_form),
        }
        self._windows = SlidingWindowCounterRateLimiter(_storage(settings.redis_url))
        self._senders: dict[tuple[str, ...], _Sender] = {}
        self._away_until = -math.inf

    def refuse_waiting(self, request: Request, path: str) -> None:
        """Raise TooManyRequests if this process knows that the sender must wait. Asks no server.

        A request with a key is not refused for its address: only its credential shows whether the key is known.
        """
        if request.state.sender or "authorization" not in request.headers:
            kind, names = self._names(request, path)
            sender = self._senders.get((kind, *names))
            if sender and sender.wait and sender.is_fresh:
                raise TooManyRequests(kind, self._limits[kind], sender.wait)

    async def count(self, request: Request, path: str) -> None:
        """Count a request whose sender is known: `request.state.sender`, else the address.

        A form without a key or session has a smaller limit of its own; `path` is the template of its route. Raises
        TooManyRequests.
        """
        kind, names = self._names(request, path)
        limit, sender = self._limits[kind], self._sender((kind, *names))
        if sender.wait and sender.is_fresh:
            raise TooManyRequests(kind, limit, sender.wait)
        sender.uncounted += 1
        if sender.is_fresh and sender.uncounted < limit.amount // 100:
            return
        cost, sender.uncounted, sender.summed_at = sender.uncounted, 0, time.monotonic()
        sender.wait = await run_in_threadpool(self._sum, limit, names, cost)
        if sender.wait:
            raise TooManyRequests(kind, limit, sender.wait)

    def _names(self, request: Request, path: str) -> tuple[Kind, tuple[str, ...]]:
        if request.state.sender:
            return "key", (request.state.sender,)
        network = network_of(request.state.address)
        return ("address", (network,)) if request.method in SAFE_METHODS else ("form", (path, network))

    def _sender(self, name: tuple[str, ...]) -> _Sender:
        """Return what is known of a sender, and forget the one that was silent for longest when there are too many."""
        if len(self._senders) >= _MOST_SENDERS and name not in self._senders:
            del self._senders[next(iter(self._senders))]
        sender = self._senders[name] = self._senders.pop(name) if name in self._senders else _Sender()
        return sender

    def _sum(self, limit: RateLimitItem, names: tuple[str, ...], cost: int) -> int:
        """Add `cost` requests to the window. Return the seconds to wait, 0 if there was room."""
        if time.monotonic() < self._away_until:
            return 0
        try:
            if self._windows.hit(limit, *names, cost=cost):
                return 0
            window = self._windows.get_window_stats(limit, *names)
            if window.remaining:
                self._windows.hit(limit, *names, cost=window.remaining)
        except RedisError as error:
            self._away_until = time.monotonic() + _SECONDS_BETWEEN_SUMS
            _log.warning("rates_not_counted", reason=type(error).__name__)
            return 0
        return max(1, math.ceil(window.reset_time - time.time()))


def _storage(redis_url: str) -> MemoryStorage | RedisStorage:
    if redis_url.startswith("memory:"):
        return MemoryStorage()
    pool = ConnectionPool.from_url(
        redis_url,
        socket_timeout=_REDIS_SECONDS,
        socket_connect_timeout=_REDIS_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )
    return RedisStorage(redis_url, connection_pool=pool, key_prefix="rates")
