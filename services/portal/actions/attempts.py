"""The lock-out: too many failed tries for one account or from one address stop further ones. Real time, in Redis.

Called by pages/door.py around actions/sessions.py.
"""

from dataclasses import dataclass

from redis import Redis

from services.portal.errors import LockedOut

LOCKED_SECONDS = 15 * 60
# Figures that assessors of GB/T 22239 use: five tries. An address may be a whole office behind one router.
MOST_PER_ACCOUNT = 5
MOST_PER_ADDRESS = 20


@dataclass(frozen=True)
class Attempt:
    """A try to sign in: for which account, from which address."""

    account: str
    address: str

    @property
    def limits(self) -> dict[str, int]:
        """The counters in Redis, and how many failures each bears."""
        return {
            f"portal:signin:account:{self.account[:64]}": MOST_PER_ACCOUNT,
            f"portal:signin:address:{self.address}": MOST_PER_ADDRESS,
        }


def check_attempt(redis: Redis, attempt: Attempt) -> None:
    """Raises LockedOut while a counter is full; asking counts nothing."""
    for key, most in attempt.limits.items():
        if int(redis.get(key) or 0) >= most:
            left = max(int(redis.ttl(key)), 1)
            raise LockedOut(-(-left // 60))


def count_failure(redis: Redis, attempt: Attempt) -> None:
    """One more failure; a counter empties fifteen minutes after its first one."""
    for key in attempt.limits:
        with redis.pipeline() as pipe:
            pipe.incr(key)
            pipe.expire(key, LOCKED_SECONDS, nx=True)
            pipe.execute()


def forget_failures(redis: Redis, attempt: Attempt) -> None:
    """The account's owner came in; the address keeps its count."""
    redis.delete(next(iter(attempt.limits)))
