"""Leader election among the processes of a service, by an advisory lock. Used by the relay and by Celery beat."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.persistence.database import AdvisoryLock, Database

_POLL_SECONDS = 0.5


@asynccontextmanager
async def leadership(database: Database, name: str) -> AsyncIterator[AdvisoryLock]:
    """Wait until this process holds the lock `name`; release it at the end. The leader executes its statements through
    the lock, or calls `check` before each effect."""
    while True:
        lock = await asyncio.to_thread(database.acquire_lock, name)
        if lock:
            break
        await asyncio.sleep(_POLL_SECONDS)
    try:
        yield lock
    finally:
        await asyncio.to_thread(lock.release)
