"""Which errors of a database mean that its server cannot serve at present. Decided by the error of the failed statement, never
by another question: a demoted PostgreSQL answers `SELECT 1`. Used by database.py.
"""

import sqlite3
from contextlib import suppress
from typing import Any

from psycopg import OperationalError as ConnectionFailed
from sqlalchemy import ExceptionContext, make_url
from sqlalchemy.exc import OperationalError

# PostgreSQL, Appendix A: a replica, or a server that stops or starts. Another connection may reach the primary.
_GONE = frozenset({"25006", "57P01", "57P02", "57P03"})
_NOT_IN_RECOVERY = "0A000"
# The disk, the memory or the connections are used up. The connection is sound.
_FULL = frozenset({"53100", "53200", "53300"})
_CONNECTION_CLASS = "08"
_CONNECT_SECONDS = 5
_SQLITE_AWAY = frozenset({sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN})


def connect_options(url: str) -> dict[str, Any]:
    """Return libpq's options for every connection to a PostgreSQL (none for SQLite): do not wait for a host that is silent, and of several hosts
    (`?host=first:5432&host=second:5432`) take the one that can write. Options in the URL replace these."""
    if url.startswith("sqlite"):
        return {}
    query = make_url(url).query
    hosts = query.get("host", ())
    options: dict[str, Any] = {"connect_timeout": _CONNECT_SECONDS}
    if not isinstance(hosts, str) and len(hosts) > 1:
        options["target_session_attrs"] = "read-write"
    return {name: value for name, value in options.items() if name not in query}


class ServerAway(OperationalError):
    """The database cannot be reached, is a replica, or is full. What was asked of it counts as no attempt."""


def away_error(context: ExceptionContext) -> ServerAway | None:
    """Return ServerAway to raise in place of a driver's error that means it. All connections to a server that is gone are discarded.

    Called by SQLAlchemy for `handle_error`. The pool finds by itself that an idle connection is broken.
    """
    error = context.original_exception
    if context.is_pre_ping:
        return None
    is_reading = bool(context.connection and context.connection.get_execution_options().get("postgresql_readonly"))
    state = getattr(error, "sqlstate", None)
    is_gone = (
        (state in _GONE and not is_reading)
        or (state == _NOT_IN_RECOVERY and "recovery" in str(error))
        or (isinstance(error, ConnectionFailed) and (state is None or state.startswith(_CONNECTION_CLASS)))
    )
    if is_gone:
        context.is_disconnect = context.invalidate_pool_on_disconnect = True
    if is_gone or state in _FULL or _is_away(error):
        return ServerAway(context.statement or "", None, error, hide_parameters=True, connection_invalidated=is_gone)
    return None


def _is_away(error: BaseException) -> bool:
    """Whether an error of SQLite means that its file cannot be read or written."""
    with suppress(AttributeError):
        return isinstance(error, sqlite3.Error) and error.sqlite_errorcode & 0xFF in _SQLITE_AWAY
    return False
