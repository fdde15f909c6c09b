"""LISTEN/NOTIFY: wake a service's bus after a commit in another of its processes. Only a hint: the bus also polls.

NOTIFY is sent after the commit, on a separate connection, and once for all commits that arrived meanwhile. Inside the
business transaction it would serialise all commits.
"""

import threading
from collections.abc import Callable

import structlog
from psycopg import AsyncConnection, Connection, Error
from psycopg.conninfo import make_conninfo
from sqlalchemy import make_url

from shared.persistence.server_away import connect_options

CHANNEL = "lingjun_committed"
_log = structlog.get_logger()


class Notifier:
    """Sends NOTIFY from a background thread. Call it after each commit, from any thread; it never blocks and never
    raises."""

    def __init__(self, database_url: str) -> None:
        self._conninfo = _conninfo(database_url)
        self._due = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def __call__(self) -> None:
        self._due.set()
        if self._thread is None:
            with self._starting:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="notifier", daemon=True)
                    self._thread.start()

    def _run(self) -> None:
        connection: Connection | None = None
        while self._due.wait():
            self._due.clear()
            try:
                connection = connection or Connection.connect(self._conninfo, autocommit=True)
                connection.execute(f"NOTIFY {CHANNEL}")
            except Error as error:
                _log.warning("notify_failed", reason=str(error))
                if connection:
                    connection.close()
                connection = None


async def listen(database_url: str, wake: Callable[[], None]) -> None:
    """Call `wake` at the start and for each notification, until cancelled. Raises psycopg.OperationalError when the
    connection is lost."""
    async with await AsyncConnection.connect(_conninfo(database_url), autocommit=True) as connection:
        await connection.execute(f"LISTEN {CHANNEL}")
        wake()
        async for _notification in connection.notifies():
            wake()


def _conninfo(database_url: str) -> str:
    url = make_url(database_url)
    _, parts = url.get_dialect()().create_connect_args(url)
    return make_conninfo(**{**connect_options(database_url), **parts})
