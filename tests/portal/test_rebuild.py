"""The timelines rebuilt from the event log: the same as before, on both buses, and as often as one likes."""

import argparse
import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import delete
from sqlmodel import Session, col, select

from services.portal import queries
from services.portal.bus import HANDLERS
from services.portal.models import Applicant, Occurrence
from services.portal.rebuild import rebuild
from shared.database import Database
from shared.errors import Conflict
from shared.messaging.consumer import Consumer
from shared.messaging.relay import Relay
from shared.models import InboxRow
from shared.outbox import publish
from shared.schema import upgrade
from tests.portal.conftest import Portal, make_portal
from tests.portal.heard import APPLICATION, hear, hour, interview, paid, submitted, verified
from tests.servers import rabbitmq
from tests.servers.address import Address


def told(portal: Portal) -> tuple[list[Any], list[Any], list[Any]]:
    """The timeline as people read it, and the rows under it."""
    with portal.process.database.reader() as session:
        return (
            queries.timeline_of(session, APPLICATION),
            [row.model_dump() for row in session.exec(select(Occurrence).order_by(col(Occurrence.event_id)))],
            [row.model_dump() for row in session.exec(select(Applicant))],
        )


def inbox_size(session: Session) -> int:
    return len(session.exec(select(InboxRow)).all())


def live(portal: Portal, folder: Path) -> None:
    """Four events are said, relayed and heard, as in a running house."""
    upgrade(f"sqlite:///{folder}/speaker.db", "shared")
    speaker = Database(f"sqlite:///{folder}/speaker.db")
    with speaker.transaction() as session:
        for number, event in enumerate((submitted(), verified(), interview(), paid())):
            publish(session, event, now=hour(number))

    async def run() -> None:
        process = portal.process
        transport = process.transport()
        await transport.open()
        consumer = Consumer(process.database, transport, HANDLERS, clock=process.clock, tools=process.tools)
        tasks = [asyncio.create_task(Relay(speaker, transport).run()), asyncio.create_task(consumer.run())]
        for _ in range(800):
            with process.database.reader() as session:
                if inbox_size(session) == 4:
                    break
            await asyncio.sleep(0.025)
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await transport.close()

    asyncio.run(run())


@pytest.fixture
def own_rabbitmq_url(rabbitmq_server: Address) -> Iterator[str]:
    """A virtual host for one test: a log that holds nothing else."""
    with rabbitmq.virtual_host(rabbitmq_server, f"test-{uuid4().hex}") as url:
        yield url


@pytest.fixture(params=["embedded", "rabbitmq"])
def lively(any_portal: Portal, tmp_path: Path, request: pytest.FixtureRequest) -> Portal:
    """A portal on each bus and each database that has heard an applicant's story; every bus is empty before."""
    if request.param == "rabbitmq":
        any_portal.process.settings.broker_url = request.getfixturevalue("own_rabbitmq_url")
    live(any_portal, tmp_path)
    return any_portal


def options(*, lose_older: bool = False) -> argparse.Namespace:
    return argparse.Namespace(lose_older=lose_older)


def test_the_rebuilt_timelines_equal_those_before_also_after_a_loss_and_when_repeated(
    lively: Portal, capsys: pytest.CaptureFixture[str]
) -> None:
    before = told(lively)
    assert len(before[0]) == 4
    assert rebuild(lively.process, options()) == 0
    assert told(lively) == before
    with lively.process.database.transaction() as session:
        session.exec(delete(Occurrence).where(col(Occurrence.type) == "billing.fee_paid.v1"))
        session.exec(delete(Applicant))
    assert rebuild(lively.process, options()) == 0
    assert told(lively) == before
    assert capsys.readouterr().out.splitlines() == ["heard 4, not handled 0"] * 2


def test_what_the_log_no_longer_holds_is_not_lost_unless_somebody_says_so(lively: Portal) -> None:
    before = told(lively)
    hear(lively, paid(), at=hour(9))
    with pytest.raises(Conflict, match="1 条记录"):
        rebuild(lively.process, options())
    assert len(told(lively)[1]) == 5
    assert rebuild(lively.process, options(lose_older=True)) == 0
    assert told(lively) == before


def test_nothing_is_rebuilt_while_the_portals_bus_runs(postgres_url: Callable[[str], str], tmp_path: Path) -> None:
    portal = make_portal(tmp_path, database_url=postgres_url("portal"))
    right = portal.process.database.claim("relay")
    assert right is not None
    with pytest.raises(Conflict, match="portal-bus"):
        rebuild(portal.process, options())
    right.give_up()
    portal.process.database.close()
