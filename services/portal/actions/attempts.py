"""Login lock-out: too many failed attempts for an account or from an address block further ones. Redis, real time.

Called by pages/login.py around actions/sessions.py.
"""

from dataclasses import dataclass

from redis import Redis

from services.portal.errors import LockedOut
from shared.foundation.addresses import network_of

LOCKED_SECONDS = 15 * 60
# Assessors of GB/T 22239 expect five attempts. An address may be a whole office behind one router.
MOST_PER_ACCOUNT = 5
MOST_PER_ADDRESS = 20


@dataclass(frozen=True)
class Attempt:
    """A login attempt: the account and the client address."""

    account: str
    address: str

    @property
    def limits(self) -> dict[str, int]:
        """Map the Redis keys of the failure counters to their limits."""
        return {
            f"portal:signin:account:{self.account[:64]}": MOST_PER_ACCOUNT,
            f"portal:signin:address:{network_of(self.address)}": MOST_PER_ADDRESS,
        }


def check_attempt(redis: Redis, attempt: Attempt) -> None:
    """Raise LockedOut if a counter has reached its limit. A check does not count as an attempt."""
    for key, limit in attempt.limits.items():
        if int(redis.get(key) or 0) >= limit:
            seconds_left = max(int(redis.ttl(key)), 1)
            raise LockedOut(-(-seconds_left // 60))


def count_failure(redis: Redis, attempt: Attempt) -> None:
    """Count a failed attempt. A counter expires LOCKED_SECONDS after its first failure."""
    for key in attempt.limits:
        with redis.pipeline() as pipe:
            pipe.incr(key)
            pipe.expire(key, LOCKED_SECONDS, nx=True)
            pipe.execute()


def reset_failures(redis: Redis, attempt: Attempt) -> None:
    """Reset the account's counter after a successful login. The address keeps its counter."""
    redis.delete(next(iter(attempt.limits)))
