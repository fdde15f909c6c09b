"""The timelines rebuilt from the event log: the same as before, on both buses, and as often as one likes."""

import argparse
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
from tests.portal.received import APPLICATION, hear, hour, interview, paid, said, submitted, verified
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
    with speaker.transaction() as uow:
        for number, event in enumerate((submitted(), verified(), interview(), paid())):
            uow.publish(event, now=hour(number))

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
    with lively.process.database.transaction() as uow:
        uow.session.exec(delete(Occurrence).where(col(Occurrence.type) == "billing.fee_paid.v1"))
        uow.session.exec(delete(Applicant))
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


def test_one_command_rebuilds_the_timelines_on_the_servers(lively: Portal) -> None:
    before = told(lively)
    with lively.process.database.transaction() as uow:
        uow.session.exec(delete(Occurrence))
    told_to = {f"LINGJUN_{name.upper()}": str(value) for name, value in lively.process.settings.model_dump().items()}
    told_to |= {"LINGJUN_RETRY_LADDER": "1,10"}
    ended = command("-m", "services.portal.rebuild", **told_to)
    assert (ended.returncode, ended.stdout) == (0, "heard 4, not handled 0\n")
    assert told(lively) == before


def test_one_command_rebuilds_the_timelines_of_an_embedded_house(tmp_path: Path) -> None:
    installation = StandaloneServer(tmp_path / "house", port=1)
    portal = installation.processes["portal"]
    events = [
        said(event, number) for number, event in enumerate((submitted(), verified(), interview(), paid()), start=1)
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
    ended = command("-m", "services", "rebuild-timeline", "--data", str(tmp_path / "house"))
    assert (ended.returncode, ended.stdout) == (0, "heard 4, not handled 0\n")
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
