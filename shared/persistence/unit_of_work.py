"""One business transaction: its session, and everything that its commit writes. The first parameter of every action."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlmodel import Session, SQLModel

from shared.events import Event
from shared.persistence import audit, bulk_insert, outbox, row_locks
from shared.persistence.bulk_insert import Row
from shared.persistence.models import AuditLeaf, AuditRow, JobRow, OutboxRow, PublishedEvent

T = TypeVar("T", bound=SQLModel)


class UnitOfWork:
    """The rows of `session`, and what the commit adds to them: events, jobs, audit entries, bulk inserts.

    Made by `Database.transaction`, which calls `flush` once, just before the commit, and wakes the bus after it where
    `wakes_bus` is set. No other code commits. After an exception nothing is written.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.wakes_bus = False
        self._events: list[outbox.PendingEvent] = []
        self._jobs: list[Row] = []
        self._audit: list[Row] = []
        self._inserts: list[bulk_insert.Insert] = []
        self._locked: row_locks.Locked = {}

    def publish(self, event: Event, *, now: datetime) -> None:
        """Publish `event` with this commit. `now` is business time, UTC.

        The caller holds the lock of the subject's row, which keeps the order of a subject's events. A repeat is a second
        event: actions check their rows first.
        """
        self._events.append(outbox.pending(event, now=now))
        self.wakes_bus = True

    def add_job(self, row: Row) -> None:
        """Start a job with this commit; `row` names every column of JobRow that has no default. Called by jobs.enqueue."""
        self._jobs.append(row)
        self.wakes_bus = True

    def record(
        self, action: str, subject: str, *, actor: str, now: datetime, details: dict[str, Any] | None = None
    ) -> None:
        """Add an entry to the audit log: `actor` did `action` to `subject`. `details` holds no sensitive value in clear."""
        self._audit.append(audit.entry(action, subject, actor=actor, now=now, details=details or {}))

    def bulk_insert(self, table: type[SQLModel], rows: Sequence[Row]) -> None:
        """Insert many rows with this commit. All name the same columns, in the same order; only those that the database
        fills in itself may be left out. The session does not know these rows, and no query in this transaction finds them.
        """
        if rows:
            self._inserts.append((table, rows))

    def lock_rows(self, table: Any, ids: Iterable[UUID]) -> None:
        """Lock the rows with these ids until the commit, in the order of their ids, so that no two transactions deadlock.
        Rows that this unit of work has locked are not read again."""
        row_locks.lock(self.session, self._locked, table, ids)

    def get_locked(self, table: type[T], key: UUID | str) -> T | None:
        """The row with that primary key, locked until the commit; None if there is none. A row that this unit of work has
        locked is not read again."""
        if (table, key) not in self._locked:
            row = self.session.get(table, key, with_for_update=True, populate_existing=True)
            if row is None:
                return None
            self._locked[table, key] = row
        found: T | None = self._locked[table, key]
        return found

    def add_locked(self, row: Any) -> None:
        """Add a row that `get_locked` did not find; later calls of `get_locked` return it."""
        self.session.add(row)
        self._locked[type(row), row.id] = row

    def flush(self) -> None:
        """Write everything that was added. The order matters: the end of the audit log, which all transactions share, is
        locked last, with nothing after it but the inserts; locked earlier it would deadlock with the subjects' locks."""
        self.bulk_insert(JobRow, self._jobs)
        published, envelopes = outbox.rows(self.session, self._events)
        self.bulk_insert(PublishedEvent, published)
        self.bulk_insert(OutboxRow, envelopes)
        leaves, bodies = audit.rows(self.session, self._audit)
        self.bulk_insert(AuditLeaf, leaves)
        self.bulk_insert(AuditRow, bodies)
        bulk_insert.execute(self.session, self._inserts)
