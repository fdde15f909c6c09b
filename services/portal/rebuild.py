"""Rebuilds the timelines from the event log, for `lingjun rebuild-timeline`. The portal's bus must not run meanwhile."""

import asyncio
import sys
from collections.abc import Callable
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import select

from services.portal.bus import HANDLERS
from services.portal.models import Applicant, Occurrence
from shared.events.envelope import PREFIX
from shared.foundation.errors import Conflict
from shared.messaging.backfill import ReplayResult, replay_log
from shared.messaging.consumer import Consumer
from shared.persistence.database import Database
from shared.persistence.models import InboxRow, LastSequence
from shared.wiring.process import Process


def rebuild(process: Process, *, lose_older: bool = False) -> int:
    """Rebuild the timelines. Return 0, or 1 if events could not be handled; these are printed with their reasons.

    Raises Conflict while the portal's bus runs, or if the log does not contain every event of the timelines. Safe to
    repeat, also after a crash.
    """
    lock = process.database.acquire_lock("relay")
    if lock is None:
        raise Conflict("工作台的消息进程正在运行，请先停止它（portal-bus），重建后再启动。", code="bus-is-running")
    try:
        outcome = asyncio.run(_rebuild(process, lose_older=lose_older))
    finally:
        lock.release()
    for delivery, reason in outcome.failed:
        sys.stderr.write(f"{delivery.headers.get(PREFIX + 'id')}  {delivery.headers.get(PREFIX + 'type')}  {reason}\n")
    sys.stdout.write(f"heard {outcome.read}, not handled {len(outcome.failed)}\n")
    return 1 if outcome.failed else 0


async def _rebuild(process: Process, *, lose_older: bool) -> ReplayResult:
    transport = process.transport()
    await transport.open()
    try:
        logged = {str(delivery.headers.get(PREFIX + "id")) async for delivery in transport.read_log()}
        missing = await asyncio.to_thread(_count_missing, process.database, logged)
        if missing and not lose_older:
            raise Conflict(
                "时间线中有 {lost} 条记录已不在事件日志里（日志只保留一段时间），重建会失去它们。确认要重建请加 --lose-older。",
                code="log-too-short",
                values={"lost": missing},
            )
        await asyncio.to_thread(_empty, process.database)
        consumer = Consumer(
            process.database, transport, HANDLERS, clock=process.clock, tools=process.tools, service=process.service
        )
        outcome = await replay_log(transport, consumer, progress=_progress_bar(len(logged)))
    finally:
        await transport.close()
    return outcome


def _count_missing(database: Database, logged: set[str]) -> int:
    with database.reader() as session:
        ids: list[UUID] = list(session.exec(select(Occurrence.event_id)))
    return sum(str(event_id) not in logged for event_id in ids)


def _empty(database: Database) -> None:
    """Delete the timelines and the inbox: the portal consumes events only for the timelines."""
    with database.transaction() as uow:
        for table in (Occurrence, Applicant, InboxRow, LastSequence):
            uow.session.exec(delete(table))


def _progress_bar(total: int) -> Callable[[int], None]:
    def show(read: int) -> None:
        part = min(read * 40 // max(total, 1), 40)
        sys.stderr.write(f"\r[{'#' * part}{' ' * (40 - part)}] {read} / {total}{chr(10) if read >= total else ''}")
        sys.stderr.flush()

    return show
