"""One service's database: engines and transactions, with the same promises on SQLite and PostgreSQL. Used by the edges."""

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

from shared.persistence.unit_of_work import UnitOfWork

_PATIENCE_SECONDS = 30
# What is looked up lies in memory or on an SSD. PostgreSQL's own 4 is for turning disks: it then reads a young table whole
# for each batch of ids. Options in the URL are the installation's own, and stand instead.
_PLANNED = {"options": "-c random_page_cost=1.1"}


class _KeepingSession(Session):
    """A session that holds the rows it has read until it ends, so that `get` reads each once; SQLAlchemy's own holds them
    weakly. `populate_existing` reads a row again."""

    def __init__(self, engine: Engine, *, expire_on_commit: bool) -> None:
        super().__init__(engine, expire_on_commit=expire_on_commit)
        self.loaded: list[object] = []


@event.listens_for(_KeepingSession, "loaded_as_persistent")
def _keep(session: _KeepingSession, row: object) -> None:
    session.loaded.append(row)


class AdvisoryLock:
    """The right to do something alone among all processes of a service, held by a connection: lost with it. Whatever is asked
    or changed here goes over that connection, so nobody without the right asks or changes it; each is a transaction of its
    own. Every method but `give_up` raises ConnectionError once the right is lost. On SQLite there is no connection: a file
    belongs to one process anyway."""

    def __init__(self, database: "Database", connection: Connection | None) -> None:
        self._database, self._connection = database, connection

    def check(self) -> None:
        """Only asks whether the right is still there."""
        self.rows(select(1))

    def rows(self, query: Executable) -> Sequence[Any]:
        """What the query finds."""
        if self._connection is None:
            with self._database.reader() as session:
                return session.execute(query).all()
        return self._done(self._connection, query).all()

    def change(self, statement: UpdateBase) -> None:
        """Changes what the statement says."""
        if self._connection is None:
            with self._database.transaction() as uow:
                uow.session.execute(statement, execution_options={"synchronize_session": False})
        else:
            self._done(self._connection, statement)

    def _done(self, connection: Connection, statement: Executable) -> CursorResult[Any]:
        try:
            return connection.execute(statement)
        except (DBAPIError, PendingRollbackError) as fault:
            raise ConnectionError(f"PostgreSQL: {getattr(fault, 'orig', fault)}") from fault

    def give_up(self) -> None:
        """Lets another process have it, at once: a server that sees a connection close takes a moment to let go."""
        if self._connection is not None:
            # A connection that was lost gave it back already, and runs nothing any more.
            with suppress(SQLAlchemyError):
                self._connection.execute(text("SELECT pg_advisory_unlock_all()"))
            self._connection.close()


class Database:
    """One service's database: a writing engine and a reading one.

    On SQLite every writing transaction begins with BEGIN IMMEDIATE, because the driver's deferred BEGIN lets two
    writers read the same row and lose an update; the reading engine cannot write and never blocks. `committed` is
    called after each commit that left an event or a job, to wake the bus; nothing depends on it.
    """

    def __init__(self, url: str, *, committed: Callable[[], None] = lambda: None) -> None:
        self.url = url
        self.committed = committed
        self.is_sqlite = url.startswith("sqlite")
        self.engine = _sqlite_engine(url, "IMMEDIATE") if self.is_sqlite else _postgres_engine(url)
        self.reading = _sqlite_engine(url, "DEFERRED", read_only=True) if self.is_sqlite else _reading(self.engine)

    @contextmanager
    def transaction(self) -> Iterator[UnitOfWork]:
        """A unit of work that commits at the end, or leaves nothing behind. For endpoints, the bus and workers only."""
        with _KeepingSession(self.engine, expire_on_commit=False) as session, session.begin():
            uow = UnitOfWork(session)
            yield uow
            uow.flush()
        if uow.wakes_bus:
            self.committed()

    @contextmanager
    def reader(self) -> Iterator[Session]:
        """A session that can only read."""
        with Session(self.reading, expire_on_commit=False) as session:
            yield session

    def claim(self, right: str) -> AdvisoryLock | None:
        """The right of that name, or None while another process has it. A SQLite file belongs to one process anyway."""
        if self.is_sqlite:
            return AdvisoryLock(self, None)
        # Detached, so that giving it up closes the connection and does not hand the lock back to the pool.
        connection = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        connection.detach()
        held = connection.execute(text("SELECT pg_try_advisory_lock(hashtext(:right))"), {"right": right}).scalar_one()
        if held:
            return AdvisoryLock(self, connection)
        connection.close()
        return None

    def close(self) -> None:
        """Gives every connection back; the database can then be removed."""
        self.reading.dispose()
        self.engine.dispose()


def _postgres_engine(url: str) -> Engine:
    planned = {} if "options" in make_url(url).query else _PLANNED
    engine = create_engine(
        url, pool_size=10, max_overflow=10, pool_pre_ping=True, hide_parameters=True, connect_args=planned
    )
    event.listen(engine, "handle_error", _without_detail)
    return engine


def _without_detail(context: ExceptionContext) -> None:
    """Cuts PostgreSQL's own DETAIL, which holds the whole row: what is said of a fault goes into logs and dead letters, and
    those may name nobody."""
    for fault in (context.original_exception, context.sqlalchemy_exception):
        if fault is not None and fault.args:
            fault.args = (str(fault.args[0]).partition("\nDETAIL:")[0], *fault.args[1:])


def _reading(engine: Engine) -> Engine:
    return engine.execution_options(postgresql_readonly=True)


def _sqlite_engine(url: str, begin: str, *, read_only: bool = False) -> Engine:
    patience = {"timeout": _PATIENCE_SECONDS, "check_same_thread": False}
    engine = create_engine(url, connect_args=patience, hide_parameters=True)

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

    event.listen(engine, "begin", on_begin if read_only else _in_turn(engine, on_begin))
    return engine


def _in_turn(engine: Engine, begin: Callable[[Connection], None]) -> Callable[[Connection], None]:
    """`begin`, once no other transaction of this process writes. SQLite alone decides who may write, but lets one that
    waits sleep for up to 100 ms at a time; here the next goes on at once."""
    turn = threading.Lock()

    def give(connection: Connection) -> None:
        if connection.info.pop("has_turn", False):
            turn.release()

    def wait(connection: Connection) -> None:
        connection.info["has_turn"] = turn.acquire(timeout=_PATIENCE_SECONDS)
        try:
            begin(connection)
        except BaseException:
            give(connection)
            raise

    event.listen(engine, "commit", give)
    event.listen(engine, "rollback", give)
    return wait
