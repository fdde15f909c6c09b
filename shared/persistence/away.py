"""Wait for a database that cannot serve at present, so that the outage uses up no attempt. Used by the consumer, the job worker
and the readiness of the web servers.

That it cannot serve is decided by the statement that failed (server_away.py); the probe here decides only when to try again.
"""

import asyncio
import math
import secrets
import threading
import time
from collections.abc import Callable
from typing import TypeVar
from uuid import uuid4

import structlog
from sqlalchemy import insert, text
from sqlalchemy.exc import SQLAlchemyError

from shared.foundation.retries import DATABASE_DELAYS, retrying, retrying_async
from shared.observability.metrics import WAITING_FOR_DATABASE
from shared.persistence.database import Database
from shared.persistence.models import OutboxRow
from shared.persistence.server_away import ServerAway

T = TypeVar("T")
# More than what is free in a page, so that a file must grow.
_PROBE_BYTES = 16 * 1024
_FRESH_SECONDS = 2.0
_log = structlog.get_logger()


def retry_while_away(service: str, act: Callable[[], T]) -> T:
    """Call `act` and return its result; repeat the call while the database cannot serve."""
    try:
        return act()
    except ServerAway as error:
        _log.error("database_away", reason=str(error.orig))
    with WAITING_FOR_DATABASE.labels(service).track_inprogress():
        result = retrying(DATABASE_DELAYS, ServerAway, _ignore)(act)
    _log.info("database_back")
    return result


async def wait_until_writable(service: str, database: Database) -> None:
    """Wait until the database takes a write. Called after a statement failed because it could not serve."""
    with WAITING_FOR_DATABASE.labels(service).track_inprogress():
        async for attempt in retrying_async(DATABASE_DELAYS, ServerAway, _ignore):
            with attempt:
                await asyncio.to_thread(probe, database)
    _log.info("database_back")


def probe(database: Database) -> None:
    """Write and take back 16 KB. Raises ServerAway if the database cannot be written."""
    with database.engine.begin() as connection:
        if database.is_sqlite:
            # Nothing reaches the file before a commit.
            connection.execute(text("CREATE TABLE probe (content TEXT)"))
            connection.execute(text("INSERT INTO probe VALUES (:content)"), {"content": "x" * _PROBE_BYTES})
            connection.execute(text("DROP TABLE probe"))
        else:
            content = secrets.token_hex(_PROBE_BYTES // 2)
            connection.execute(insert(OutboxRow).values(event_id=uuid4(), headers={}, body=content))
            connection.rollback()


class RecentProbe:
    """The probe's answer of at most two seconds ago, for `/readyz`, which anybody may ask often."""

    def __init__(self, database: Database) -> None:
        self._database, self._lock = database, threading.Lock()
        self._at = -math.inf
        self._fault: SQLAlchemyError | None = None

    def __call__(self) -> None:
        """Raise the fault that the probe found, if any."""
        with self._lock:
            if time.monotonic() - self._at > _FRESH_SECONDS:
                self._fault = None
                try:
                    probe(self._database)
                except SQLAlchemyError as error:
                    self._fault = error
                self._at = time.monotonic()
            if self._fault:
                raise self._fault


def _ignore(_error: ServerAway, _failures: int, _pause: float) -> None:
    """The wait is logged once, and counted while it lasts."""
