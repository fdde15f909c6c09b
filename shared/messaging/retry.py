"""A database that is away is no event's fault: it is waited for, with the deliveries in hand. Used by the consumer."""

import asyncio

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from shared.persistence.database import Database

_EVERY_SECONDS = 0.5
_log = structlog.get_logger()


async def wait_for_database(database: Database) -> bool:
    """Whether the database does not answer; if so, comes back only once it does."""
    reason = await asyncio.to_thread(_silence, database)
    if not reason:
        return False
    _log.error("database_away", reason=reason)
    while True:
        await asyncio.sleep(_EVERY_SECONDS)
        if not await asyncio.to_thread(_silence, database):
            _log.info("database_back")
            return True


def _silence(database: Database) -> str:
    """Why the database does not answer; empty if it does."""
    try:
        with database.reader() as session:
            session.execute(text("SELECT 1"))
    except SQLAlchemyError as fault:
        return str(fault).splitlines()[0]
    return ""
