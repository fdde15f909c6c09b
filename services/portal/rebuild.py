"""`python -m services.portal.rebuild`: empties the timelines and fills them from the event log, on the servers of the settings.

`python -m services rebuild-timeline` does the same in the folder of an embedded house. The portal's bus must not run meanwhile.
"""

import argparse
import asyncio
import sys
from collections.abc import Callable
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import select

from services.portal.bus import HANDLERS
from services.portal.console import serve_command
from services.portal.models import Applicant, Occurrence
from shared.events.envelope import PREFIX
from shared.foundation.errors import Conflict
from shared.messaging.backfill import ReplayResult, replay_log
from shared.messaging.consumer import Consumer
from shared.persistence.database import Database
from shared.persistence.models import InboxRow, LastSequence
from shared.wiring.process import Process


def add_options(parser: argparse.ArgumentParser) -> None:
    """How to rebuild; shared by both commands."""
    parser.add_argument("--lose-older", action="store_true", help="go on although the log no longer holds everything")


def rebuild(process: Process, given: argparse.Namespace) -> int:
    """Rebuilds the timelines; 0 unless some events could not be handled, then 1, with their reasons. Raises Conflict while the
    portal's bus runs, or when the log does not hold every event of the timelines. Safe to repeat, also after a kill."""
    right = process.database.claim("relay")
    if right is None:
        raise Conflict("工作台的消息进程正在运行，请先停止它（portal-bus），重建后再启动。", code="bus-is-running")
    try:
        outcome = asyncio.run(_rebuild(process, lose_older=given.lose_older))
    finally:
        right.give_up()
    for delivery, reason in outcome.left:
        sys.stderr.write(f"{delivery.headers.get(PREFIX + 'id')}  {delivery.headers.get(PREFIX + 'type')}  {reason}\n")
    sys.stdout.write(f"heard {outcome.heard}, not handled {len(outcome.left)}\n")
    return 1 if outcome.left else 0


async def _rebuild(process: Process, *, lose_older: bool) -> ReplayResult:
    transport = process.transport()
    await transport.open()
    try:
        kept = {str(delivery.headers.get(PREFIX + "id")) async for delivery in transport.past()}
        lost = await asyncio.to_thread(_missing, process.database, kept)
        if lost and not lose_older:
            raise Conflict(
                "时间线中有 {lost} 条记录已不在事件日志里（日志只保留一段时间），重建会失去它们。确认要重建请加 --lose-older。",
                code="log-too-short",
                values={"lost": lost},
            )
        await asyncio.to_thread(_empty, process.database)
        consumer = Consumer(
            process.database, transport, HANDLERS, clock=process.clock, tools=process.tools, service=process.service
        )
        outcome = await replay_log(transport, consumer, progress=_bar(len(kept)))
    finally:
        await transport.close()
    return outcome


def _missing(database: Database, kept: set[str]) -> int:
    with database.reader() as session:
        ids: list[UUID] = list(session.exec(select(Occurrence.event_id)))
    return sum(str(event_id) not in kept for event_id in ids)


def _empty(database: Database) -> None:
    """The timelines, and the memory of having heard them: all that the portal hears is for the timelines."""
    with database.transaction() as uow:
        for table in (Occurrence, Applicant, InboxRow, LastSequence):
            uow.session.exec(delete(table))


def _bar(whole: int) -> Callable[[int], None]:
    def show(heard: int) -> None:
        part = min(heard * 40 // max(whole, 1), 40)
        sys.stderr.write(f"\r[{'#' * part}{' ' * (40 - part)}] {heard} / {whole}{chr(10) if heard >= whole else ''}")
        sys.stderr.flush()

    return show


if __name__ == "__main__":
    sys.exit(serve_command("rebuild", add_options, rebuild))
