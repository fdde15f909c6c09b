"""The embedded bus: durable queues in one SQLite file, without a broker. Fulfils the contract of transport.py."""

import asyncio
import json
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from shared.foundation.retries import DELIVERY_DELAYS
from shared.messaging.transport import DEAD_LETTERS, DELIVERY_LIMIT, KEEP, Delivery, Outgoing, with_reason

_T = TypeVar("_T")
_POLL = 0.25
_PAGE = 500
_SCHEMA = """
CREATE TABLE IF NOT EXISTS binding (queue TEXT, type TEXT, PRIMARY KEY (queue, type));
CREATE TABLE IF NOT EXISTS message (
    id INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, headers TEXT NOT NULL, body BLOB NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 0, visible_at REAL NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS message_queue ON message (queue, id);
CREATE TABLE IF NOT EXISTS log (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, headers TEXT NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS given (
    queue TEXT PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL, times INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS log_at ON log (at);
"""


class EmbeddedBus:
    """The file that all embedded transports of an installation share. Also wakes waiting consumers of this process."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.executescript(_SCHEMA)
        self._lock = threading.Lock()
        self._arrivals: dict[str, tuple[asyncio.AbstractEventLoop, asyncio.Event]] = {}
        self._consumers: dict[str, EmbeddedTransport] = {}

    def active_consumer(self, queue: str, candidate: "EmbeddedTransport") -> "EmbeddedTransport":
        """Return the active consumer of the queue: the first candidate, until it calls `release`."""
        return self._consumers.setdefault(queue, candidate)

    def release(self, queue: str, consumer: "EmbeddedTransport") -> None:
        """Let another consumer become active, if `consumer` is the active one."""
        if self._consumers.get(queue) is consumer:
            del self._consumers[queue]
            self.wake({queue})

    def arrival(self, queue: str) -> asyncio.Event:
        """Return the event that is set when a message arrives in the queue, for the current loop."""
        loop, event = self._arrivals.get(queue, (None, asyncio.Event()))
        if loop is not asyncio.get_running_loop():
            event = asyncio.Event()
            self._arrivals[queue] = (asyncio.get_running_loop(), event)
        return event

    def wake(self, queues: set[str]) -> None:
        """Wake the consumers of these queues. May be called from any loop."""
        for queue in queues & self._arrivals.keys():
            loop, event = self._arrivals[queue]
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(event.set)

    async def transact(self, work: Callable[[sqlite3.Connection], _T], *, synchronous: str = "FULL") -> _T:
        """Run `work` in one transaction, in a thread. `work` must not return a cursor: freed outside the lock, it would
        race with the next transaction. With `synchronous` NORMAL, a commit survives a crash of the process, perhaps not
        of the machine."""
        return await asyncio.to_thread(self._transact, work, synchronous)

    def _transact(self, work: Callable[[sqlite3.Connection], _T], synchronous: str) -> _T:
        with self._lock:
            self._connection.execute(f"PRAGMA synchronous={synchronous}")
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                result = work(self._connection)
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
            return result

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()


class EmbeddedTransport:
    """One queue of the embedded bus. `open` declares the whole `topology` (queue -> bound types)."""

    def __init__(
        self,
        bus: EmbeddedBus,
        queue: str,
        topology: Mapping[str, Sequence[str]],
        retry_delays: Sequence[timedelta] = DELIVERY_DELAYS,
        keep: timedelta = KEEP,
    ) -> None:
        self._bus, self._queue, self._topology, self._retry_delays, self._keep = (
            bus,
            queue,
            topology,
            retry_delays,
            keep,
        )
        self._unsettled: set[int] = set()

    async def open(self) -> None:
        self._unsettled.clear()
        await self._bus.transact(self._bind)

    def _bind(self, connection: sqlite3.Connection) -> None:
        rows = [(queue, kind) for queue, types in self._topology.items() for kind in types]
        connection.executemany("INSERT OR IGNORE INTO binding VALUES (?, ?)", rows)

    async def publish(self, batch: Sequence[Outgoing]) -> dict[UUID, str]:
        refused: dict[UUID, str] = {}

        def fan_out(connection: sqlite3.Connection) -> set[str]:
            filled = set()
            for message in batch:
                rows = connection.execute("SELECT queue FROM binding WHERE type = ?", (message.type,))
                queues = [queue for (queue,) in rows]
                if not queues:
                    refused[message.id] = "no queue is bound to this type"
                    continue
                headers = json.dumps(message.headers)
                copies = [(queue, headers, message.body) for queue in queues]
                connection.executemany("INSERT INTO message (queue, headers, body) VALUES (?, ?, ?)", copies)
                row = (time.time(), headers, message.body)
                connection.execute("INSERT INTO log (at, headers, body) VALUES (?, ?, ?)", row)
                filled.update(queues)
            oldest = time.time() - self._keep.total_seconds()
            connection.execute("DELETE FROM log WHERE at < ?", (oldest,))
            return filled

        self._bus.wake(await self._bus.transact(fan_out))
        return refused

    async def send_to(self, queue: str, batch: Sequence[Outgoing]) -> dict[UUID, str]:
        def append(connection: sqlite3.Connection) -> bool:
            bound = connection.execute("SELECT 1 FROM binding WHERE queue = ? LIMIT 1", (queue,)).fetchone()
            if not bound and queue != DEAD_LETTERS:
                return False
            rows = [(queue, json.dumps(message.headers), message.body) for message in batch]
            connection.executemany("INSERT INTO message (queue, headers, body) VALUES (?, ?, ?)", rows)
            return True

        if not await self._bus.transact(append):
            return {message.id: "there is no such queue" for message in batch}
        self._bus.wake({queue})
        return {}

    async def read_log(self) -> AsyncIterator[Delivery]:
        last = await self._bus.transact(_end_of_log)
        read = 0
        while page := await self._bus.transact(partial(_page_of_log, read=read, last=last)):
            for event in page:
                yield event
            read = page[-1].tag

    async def receive(self, most: int) -> list[Delivery]:
        arrival = self._bus.arrival(self._queue)
        while True:
            arrival.clear()
            is_active = self._bus.active_consumer(self._queue, self) is self
            if is_active and (batch := await self._bus.transact(partial(self._take, most=most), synchronous="NORMAL")):
                self._unsettled.update(delivery.tag for delivery in batch)
                return batch
            try:
                await asyncio.wait_for(arrival.wait(), _POLL)
            except TimeoutError:
                continue

    def _take(self, connection: sqlite3.Connection, most: int) -> list[Delivery]:
        rows = connection.execute(
            "SELECT id, headers, body, attempt FROM message WHERE queue = ? AND visible_at <= ? ORDER BY id LIMIT ?",
            (self._queue, time.time(), most + len(self._unsettled)),
        )
        waiting = [Delivery(tag, json.loads(headers), body, attempt) for tag, headers, body, attempt in rows]
        fresh = [delivery for delivery in waiting if delivery.tag not in self._unsettled]
        return self._record_delivery(connection, fresh[:most])

    def _record_delivery(self, connection: sqlite3.Connection, batch: list[Delivery]) -> list[Delivery]:
        """Record which messages are being delivered, and return them. If the process crashed on them before, redeliver
        one at a time; dead-letter a message after DELIVERY_LIMIT deliveries."""
        if not batch:
            return []
        first, last, times = batch[0].tag, batch[-1].tag, 1
        before = connection.execute("SELECT first, last, times FROM given WHERE queue = ?", (self._queue,)).fetchone()
        if before and before[0] <= first <= before[1]:
            batch, last, times = batch[:1], before[1], before[2] + 1 if before[0] == first else 1
        connection.execute("REPLACE INTO given VALUES (?, ?, ?, ?)", (self._queue, first, last, times))
        if times <= DELIVERY_LIMIT:
            return batch
        self._move(connection, batch[0], f"given out {DELIVERY_LIMIT} times and never settled")
        return []

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        tags = [(delivery.tag,) for delivery in deliveries]

        def remove(connection: sqlite3.Connection) -> None:
            connection.executemany("DELETE FROM message WHERE id = ?", tags)

        await self._bus.transact(remove)
        self._unsettled.difference_update(delivery.tag for delivery in deliveries)

    async def retry(self, delivery: Delivery) -> None:
        delay = self._retry_delays[delivery.attempt].total_seconds()

        def postpone(connection: sqlite3.Connection) -> None:
            row = (time.time() + delay, delivery.tag)
            connection.execute("UPDATE message SET attempt = attempt + 1, visible_at = ? WHERE id = ?", row)

        await self._bus.transact(postpone)
        self._unsettled.discard(delivery.tag)

    async def dead_letter(self, delivery: Delivery, reason: str) -> None:
        await self._bus.transact(lambda connection: self._move(connection, delivery, reason))
        self._unsettled.discard(delivery.tag)
        self._bus.wake({DEAD_LETTERS})

    def _move(self, connection: sqlite3.Connection, delivery: Delivery, reason: str) -> None:
        connection.execute("DELETE FROM message WHERE id = ?", (delivery.tag,))
        row = (DEAD_LETTERS, json.dumps(with_reason(delivery.headers, self._queue, reason)), delivery.body)
        connection.execute("INSERT INTO message (queue, headers, body) VALUES (?, ?, ?)", row)

    async def close(self) -> None:
        self._unsettled.clear()
        self._bus.release(self._queue, self)


def _end_of_log(connection: sqlite3.Connection) -> int:
    row = connection.execute("SELECT coalesce(max(id), 0) FROM log").fetchone()
    return int(row[0])


def _page_of_log(connection: sqlite3.Connection, read: int, last: int) -> list[Delivery]:
    query = "SELECT id, headers, body FROM log WHERE id > ? AND id <= ? ORDER BY id LIMIT ?"
    rows = connection.execute(query, (read, last, _PAGE))
    return [Delivery(number, json.loads(headers), body, 0) for number, headers, body in rows]
