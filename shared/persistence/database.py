"""One service's database: engines, transactions and advisory locks, with the same guarantees on SQLite and PostgreSQL.

Opened by shared/wiring/process.py; used by endpoints, the bus and the workers.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import (
    Connection,
    CursorResult,
    Engine,
    ExceptionContext,
    Executable,
    UpdateBase,
    create_engine,
    event,
    make_url,
    select,
    text,
)
from sqlalchemy.exc import DBAPIError, PendingRollbackError, SQLAlchemyError
from sqlmodel import Session

from shared.observability import telemetry
from shared.persistence.server_away import away_error, connect_options
from shared.persistence.sql_spans import trace_statements
from shared.persistence.unit_of_work import UnitOfWork

_BUSY_TIMEOUT_SECONDS = 30
# Data is in memory or on an SSD. PostgreSQL's default of 4 suits spinning disks: with it, a table without statistics
# gets a sequential scan for each batch of ids. Options in the URL replace these.
_PLANNER_OPTIONS = {"options": "-c random_page_cost=1.1"}


class _CachingSession(Session):
    """A session with strong references to its rows, so that `get` reads each row once per transaction. SQLAlchemy's own
    identity map is weak. `populate_existing` reads a row again."""

    def __init__(self, engine: Engine, *, expire_on_commit: bool) -> None:
        super().__init__(engine, expire_on_commit=expire_on_commit)
        self.loaded: list[object] = []


@event.listens_for(_CachingSession, "loaded_as_persistent")
def _keep(session: _CachingSession, row: object) -> None:
    session.loaded.append(row)


class AdvisoryLock:
    """A PostgreSQL advisory lock that elects one process of a service as leader; released when its connection closes.

    Statements run over the connection that holds the lock, each in its own transaction, so that only the leader
    executes them. Every method but `release` raises ConnectionError once the lock is lost. On SQLite there is no lock:
    one process owns the file.
    """

    def __init__(self, database: "Database", connection: Connection | None) -> None:
        self._database, self._connection = database, connection

    def check(self) -> None:
        """Raise ConnectionError if the lock is lost."""
        self.fetch(select(1))

    def fetch(self, query: Executable) -> Sequence[Any]:
        """Return all rows of `query`."""
        if self._connection is None:
            with self._database.reader() as session:
                return session.execute(query).all()
        return self._execute(self._connection, query).all()

    def execute(self, statement: UpdateBase) -> None:
        """Execute an INSERT, UPDATE or DELETE and commit it."""
        if self._connection is None:
            with self._database.transaction() as uow:
                uow.session.execute(statement, execution_options={"synchronize_session": False})
        else:
            self._execute(self._connection, statement)

    def _execute(self, connection: Connection, statement: Executable) -> CursorResult[Any]:
        try:
            return connection.execute(statement)
        except (DBAPIError, PendingRollbackError) as error:
            raise ConnectionError(f"PostgreSQL: {getattr(error, 'orig', error)}") from error

    def release(self) -> None:
        """Unlock, then close the connection. Unlocking comes first because the server notices a closed connection
        late."""
        if self._connection is not None:
            # A lost connection has released the lock already, and executes nothing.
            with suppress(SQLAlchemyError):
                self._connection.execute(text("SELECT pg_advisory_unlock_all()"))
            self._connection.close()


class Database:
    """One service's database: an engine for writing and a read-only one.

    On SQLite every writing transaction begins with BEGIN IMMEDIATE, because with the driver's deferred BEGIN two
    writers can read the same row and lose an update. The read-only engine never blocks. `committed` is called after
    each commit that wrote an event or a job, to wake the bus. It is only an optimisation: the bus also polls. If tracing
    is on when it is opened, its statements have spans.
    """

    def __init__(self, url: str, *, committed: Callable[[], None] = lambda: None) -> None:
        self.url = url
        self.committed = committed
        self.is_sqlite = url.startswith("sqlite")
        self.engine = _sqlite_engine(url, "IMMEDIATE") if self.is_sqlite else _postgres_engine(url)
        self.reading = _sqlite_engine(url, "DEFERRED", read_only=True) if self.is_sqlite else _reading(self.engine)
        if telemetry.is_on():
            for engine in {self.engine, self.reading} if self.is_sqlite else {self.engine}:
                trace_statements(engine)

    @contextmanager
    def transaction(self) -> Iterator[UnitOfWork]:
        """A unit of work: commits at the end, rolls back on an exception. For endpoints, the bus and workers only."""
        with _CachingSession(self.engine, expire_on_commit=False) as session, session.begin():
            uow = UnitOfWork(session)
            yield uow
            uow.flush()
        if uow.wakes_bus:
            self.committed()

    @contextmanager
    def reader(self) -> Iterator[Session]:
        """A read-only session."""
        with Session(self.reading, expire_on_commit=False) as session:
            yield session

    def acquire_lock(self, name: str) -> AdvisoryLock | None:
        """Acquire the advisory lock `name`; return None if another process holds it. Always succeeds on SQLite."""
        if self.is_sqlite:
            return AdvisoryLock(self, None)
        # Detached, so that closing the connection really closes it instead of returning it, with the lock, to the pool.
        connection = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        connection.detach()
        acquired = connection.execute(text("SELECT pg_try_advisory_lock(hashtext(:name))"), {"name": name}).scalar_one()
        if acquired:
            return AdvisoryLock(self, connection)
        connection.close()
        return None

    def close(self) -> None:
        """Close every connection; the database can then be dropped."""
        self.reading.dispose()
        self.engine.dispose()


def _postgres_engine(url: str) -> Engine:
    options = connect_options(url) | ({} if "options" in make_url(url).query else _PLANNER_OPTIONS)
    engine = create_engine(
        url, pool_size=10, max_overflow=10, pool_pre_ping=True, hide_parameters=True, connect_args=options
    )
    event.listen(engine, "handle_error", _without_detail)
    event.listen(engine, "handle_error", away_error, retval=True)
    return engine


def _without_detail(context: ExceptionContext) -> None:
    """Remove PostgreSQL's DETAIL from error messages. It holds the whole row, and messages are written to logs and dead
    letters, which must not contain personal data."""
    for error in (context.original_exception, context.sqlalchemy_exception):
        if error is not None and error.args:
            error.args = (str(error.args[0]).partition("\nDETAIL:")[0], *error.args[1:])


def _reading(engine: Engine) -> Engine:
    return engine.execution_options(postgresql_readonly=True)


def _sqlite_engine(url: str, begin: str, *, read_only: bool = False) -> Engine:
    options = {"timeout": _BUSY_TIMEOUT_SECONDS, "check_same_thread": False}
    engine = create_engine(url, connect_args=options, hide_parameters=True)
    event.listen(engine, "handle_error", away_error, retval=True)

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        if read_only:
            cursor.execute("PRAGMA query_only=ON")
        else:
            cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(f"BEGIN {begin}")

    event.listen(engine, "begin", on_begin if read_only else _one_writer(engine, on_begin))
    return engine


def _one_writer(engine: Engine, begin: Callable[[Connection], None]) -> Callable[[Connection], None]:
    """Serialise the writing transactions of this process with a lock. SQLite's own busy handler would sleep for up to
    100 ms at a time; with the lock, the next writer begins at once."""
    writing = threading.Lock()

    def release(connection: Connection) -> None:
        if connection.info.pop("is_writing", False):
            writing.release()

    def acquire(connection: Connection) -> None:
        connection.info["is_writing"] = writing.acquire(timeout=_BUSY_TIMEOUT_SECONDS)
        try:
            begin(connection)
        except BaseException:
            release(connection)
            raise

    event.listen(engine, "commit", release)
    event.listen(engine, "rollback", release)
    return acquire
