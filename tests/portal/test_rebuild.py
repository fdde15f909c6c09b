"""Rebuilding the timelines from the event log: same result as before, on both buses, repeatable."""

import asyncio
import os
import subprocess
import sys
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
from services.standalone import StandaloneServer
from shared.foundation.errors import Conflict
from shared.messaging.consumer import Consumer
from shared.messaging.relay import Relay
from shared.messaging.transport import Outgoing
from shared.persistence.database import Database
from shared.persistence.models import InboxRow
from shared.persistence.schema import upgrade
from tests.portal.conftest import Portal, make_portal
from tests.portal.received import APPLICATION, delivery_of, handle, hour, interview, paid, submitted, verified
from tests.servers import rabbitmq
from tests.servers.address import Address


def timeline_and_rows(portal: Portal) -> tuple[list[Any], list[Any], list[Any]]:
    """Return the displayed timeline, and the rows it is built from."""
    with portal.process.database.reader() as session:
        return (
            queries.timeline_of(session, APPLICATION),
            [row.model_dump() for row in session.exec(select(Occurrence).order_by(col(Occurrence.event_id)))],
            [row.model_dump() for row in session.exec(select(Applicant))],
        )


def inbox_size(session: Session) -> int:
    return len(session.exec(select(InboxRow)).all())


def consume_events(portal: Portal, folder: Path) -> None:
    """Publish, relay and consume four events, as in a running installation."""
    upgrade(f"sqlite:///{folder}/speaker.db", "shared")
    publisher = Database(f"sqlite:///{folder}/speaker.db")
    with publisher.transaction() as uow:
        for number, event in enumerate((submitted(), verified(), interview(), paid())):
            uow.publish(event, now=hour(number))

    async def run() -> None:
        process = portal.process
        transport = process.transport()
        await transport.open()
        consumer = Consumer(process.database, transport, HANDLERS, clock=process.clock, tools=process.tools)
        tasks = [asyncio.create_task(Relay(publisher, transport).run()), asyncio.create_task(consumer.run())]
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
    """The URL of a virtual host for one test, with an empty event log."""
    with rabbitmq.virtual_host(rabbitmq_server, f"test-{uuid4().hex}") as url:
        yield url


@pytest.fixture(params=["embedded", "rabbitmq"])
def portal_with_events(any_portal: Portal, tmp_path: Path, request: pytest.FixtureRequest) -> Portal:
    """A portal on each bus and database that has consumed one applicant's events; the log contains no others."""
    if request.param == "rabbitmq":
        any_portal.process.settings.broker_url = request.getfixturevalue("own_rabbitmq_url")
    consume_events(any_portal, tmp_path)
    return any_portal


def test_rebuilt_timelines_equal_the_original_ones(
    portal_with_events: Portal, capsys: pytest.CaptureFixture[str]
) -> None:
    before = timeline_and_rows(portal_with_events)
    assert len(before[0]) == 4
    assert rebuild(portal_with_events.process) == 0
    assert timeline_and_rows(portal_with_events) == before
    with portal_with_events.process.database.transaction() as uow:
        uow.session.exec(delete(Occurrence).where(col(Occurrence.type) == "billing.fee_paid.v1"))
        uow.session.exec(delete(Applicant))
    assert rebuild(portal_with_events.process) == 0
    assert timeline_and_rows(portal_with_events) == before
    assert capsys.readouterr().out.splitlines() == ["heard 4, not handled 0"] * 2


def test_events_missing_from_the_log_are_kept_unless_lose_older_is_set(portal_with_events: Portal) -> None:
    before = timeline_and_rows(portal_with_events)
    handle(portal_with_events, paid(), at=hour(9))
    with pytest.raises(Conflict, match="1 条记录"):
        rebuild(portal_with_events.process)
    assert len(timeline_and_rows(portal_with_events)[1]) == 5
    assert rebuild(portal_with_events.process, lose_older=True) == 0
    assert timeline_and_rows(portal_with_events) == before


def test_a_rebuild_is_refused_while_the_portals_bus_runs(postgres_url: Callable[[str], str], tmp_path: Path) -> None:
    portal = make_portal(tmp_path, database_url=postgres_url("portal"))
    lock = portal.process.database.acquire_lock("relay")
    assert lock is not None
    with pytest.raises(Conflict, match="portal-bus"):
        rebuild(portal.process)
    lock.release()
    portal.process.database.close()


def test_the_command_rebuilds_the_timelines_on_the_servers(portal_with_events: Portal) -> None:
    before = timeline_and_rows(portal_with_events)
    with portal_with_events.process.database.transaction() as uow:
        uow.session.exec(delete(Occurrence))
    environment = {
        f"LINGJUN_{name.upper()}": str(value)
        for name, value in portal_with_events.process.settings.model_dump().items()
    }
    environment |= {"LINGJUN_RETRY_LADDER": "1,10"}
    result = command("-m", "services", "rebuild-timeline", **environment)
    assert (result.returncode, result.stdout) == (0, "heard 4, not handled 0\n")
    assert timeline_and_rows(portal_with_events) == before


def test_the_command_rebuilds_the_timelines_of_a_standalone_installation(tmp_path: Path) -> None:
    installation = StandaloneServer(tmp_path / "house", port=1)
    portal = installation.processes["portal"]
    events = [
        delivery_of(event, number)
        for number, event in enumerate((submitted(), verified(), interview(), paid()), start=1)
    ]

    async def publish_all() -> None:
        transport = portal.transport()
        await transport.open()
        types = [one.headers["cloudEvents:type"] for one in events]
        batch = [Outgoing(uuid4(), kind, one.headers, one.body) for kind, one in zip(types, events, strict=True)]
        assert await transport.publish(batch) == {}
        await transport.close()

    asyncio.run(publish_all())
    installation.close()
    result = command("-m", "services", "rebuild-timeline", "--data", str(tmp_path / "house"))
    assert (result.returncode, result.stdout) == (0, "heard 4, not handled 0\n")
    with portal.database.reader() as session:
        assert len(queries.timeline_of(session, APPLICATION)) == 4
    portal.database.close()


def command(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        timeout=120,
        check=False,
    )
