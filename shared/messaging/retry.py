"""Wait for an unreachable database, so that the outage uses up no attempt of a delivery. Used by the consumer."""

import asyncio

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from shared.persistence.database import Database

_POLL_SECONDS = 0.5
_log = structlog.get_logger()


async def wait_for_database(database: Database) -> bool:
    """Return False if the database responds, else wait until it does and return True."""
    reason = await asyncio.to_thread(_connection_error, database)
    if not reason:
        return False
    _log.error("database_away", reason=reason)
    while True:
        await asyncio.sleep(_POLL_SECONDS)
        if not await asyncio.to_thread(_connection_error, database):
            _log.info("database_back")
            return True


def _connection_error(database: Database) -> str:
    """Return why the database does not respond; empty if it does."""
    try:
        with database.reader() as session:
            session.execute(text("SELECT 1"))
    except SQLAlchemyError as error:
        return str(error).splitlines()[0]
    return ""
