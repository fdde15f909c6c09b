"""Wait for an unreachable database, so that the outage uses up no attempt. Used by the consumer and the job worker."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

import structlog
from sqlalchemy import text
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from shared.foundation.retries import DATABASE_DELAYS, retrying, retrying_async
from shared.persistence.database import Database

T = TypeVar("T")
_log = structlog.get_logger()


def retry_while_away(database: Database, act: Callable[[], T]) -> T:
    """Call `act` and return its result; repeat the call while PostgreSQL is unreachable."""
    return act() if database.is_sqlite else retrying(DATABASE_DELAYS, OperationalError, _log_each)(act)


def _log_each(error: OperationalError, _failures: int, _pause: float) -> None:
    _log.error("database_away", reason=str(error.orig))


async def wait_for_database(database: Database) -> bool:
    """Return False if the database responds, else wait until it does and return True."""
    async for attempt in retrying_async(DATABASE_DELAYS, SQLAlchemyError, _log_first):
        with attempt:
            await asyncio.to_thread(_ping, database)
    was_away = attempt.retry_state.attempt_number > 1
    if was_away:
        _log.info("database_back")
    return was_away


def _log_first(error: SQLAlchemyError, failures: int, _pause: float) -> None:
    if failures == 1:
        _log.error("database_away", reason=str(error).splitlines()[0])


def _ping(database: Database) -> None:
    with database.reader() as session:
        session.execute(text("SELECT 1"))
