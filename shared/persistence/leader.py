"""Of several processes of a service, one works and the others stand by. Used by the relay and by Celery beat."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.persistence.database import AdvisoryLock, Database

_EVERY_SECONDS = 0.5


@asynccontextmanager
async def leadership(database: Database, right: str) -> AsyncIterator[AdvisoryLock]:
    """Stands by until this process has the right; gives it up at the end. Whoever works asks and changes over
    the right, or asks it to `check` before each effect."""
    while True:
        held = await asyncio.to_thread(database.claim, right)
        if held:
            break
        await asyncio.sleep(_EVERY_SECONDS)
    try:
        yield held
    finally:
        await asyncio.to_thread(held.give_up)
