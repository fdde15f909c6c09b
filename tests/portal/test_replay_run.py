"""Replays end to end: through the inbox, effective at most once, from the page and from the command line."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlmodel import func, select

from services.portal.jobs import ReplayDeadLetters
from services.portal.models import DeadLetter
from services.portal.replay import replay, replay_all
from services.portal.worker import make_jobs
from services.standalone import StandaloneServer
from shared.events.billing import FeePaid
from shared.foundation.errors import Invalid
from shared.jobs.worker import JobWorker
from shared.messaging.consumer import Consumer
from shared.messaging.sync_publisher import SyncPublisher
from shared.persistence.database import Database
from shared.persistence.models import InboxRow, JobRow, LastSequence
from shared.persistence.schema import upgrade
from shared.persistence.unit_of_work import UnitOfWork
from shared.wiring.process import make_transport
from tests.portal.conftest import Portal, make_portal
from tests.portal.dead_letters import dead_letter, fee, stored_dead_letters

COUNT = int(os.environ.get("LINGJUN_REPLAYS", "2000"))


def run_jobs(portal: Portal) -> int:
    """Execute the portal's waiting jobs one after the other; return their number."""
    settings = portal.process.settings
    process = portal.process
    worker = JobWorker(
        process.database,
        make_jobs(settings),  # type: ignore[arg-type]
        service="portal",
        clock=process.clock,
        tools=process.tools,
    )
    for number in range(1000):
        with process.database.reader() as session:
            job_id = session.exec(select(JobRow.id).where(JobRow.state == "waiting")).first()
        if job_id is None:
            return number
        worker.execute(job_id)
    raise AssertionError("the replay does not end")


def consume(broker_url: str, subscriber: Database, portal: Portal, *, count_expected: int) -> None:
    """Consume review's queue until the inbox has `count_expected` events. A second effect violates a key."""

    def count(uow: UnitOfWork, event: FeePaid, *, context: object) -> None:
        uow.session.add(LastSequence(source="effect", subject=event.subject, part=str(event.paid_fen), sequence=0))

    def inbox_size() -> int:
        with subscriber.reader() as session:
            return session.exec(select(func.count()).select_from(InboxRow)).one()

    async def run() -> None:
        transport = make_transport(broker_url, "review")
        await transport.open()
        process = portal.process
        consumer = Consumer(subscriber, transport, {FeePaid: count}, clock=process.clock, tools=process.tools)
        task = asyncio.create_task(consumer.run())
        for _ in range(12000):
            if await asyncio.to_thread(inbox_size) >= count_expected:
                break
            await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await transport.close()

    asyncio.run(run())


def count_effects(subscriber: Database) -> int:
    with subscriber.reader() as session:
        return session.exec(select(func.count()).select_from(LastSequence).where(LastSequence.source == "effect")).one()


@pytest.fixture(params=["embedded", "servers"])
def deployment(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str, str]:
    """URLs of the broker and of the portal's and the subscriber's databases: embedded, or RabbitMQ and PostgreSQL."""
    if request.param == "embedded":
        return "", "", f"sqlite:///{tmp_path}/subscriber.db"
    make = request.getfixturevalue("postgres_url")
    return request.getfixturevalue("rabbitmq_url"), make("portal"), make("subscriber")


@pytest.fixture
def portal_on_bus(deployment: tuple[str, str, str], tmp_path: Path) -> Iterator[Portal]:
    """A portal on each deployment, with its queues declared."""
    broker_url, database_url, _ = deployment
    portal = make_portal(tmp_path, database_url=database_url)
    portal.process.settings.broker_url = broker_url or portal.process.settings.broker_url
    with SyncPublisher(portal.process.transport()):
        yield portal
    portal.process.database.close()


@pytest.fixture
def subscriber(deployment: tuple[str, str, str]) -> Iterator[Database]:
    upgrade(deployment[2], "shared")
    database = Database(deployment[2])
    yield database
    database.close()


def test_every_dead_letter_is_replayed_and_takes_effect_once(portal_on_bus: Portal, subscriber: Database) -> None:
    """LINGJUN_REPLAYS sets the number."""
    envelopes = [fee(number) for number in range(COUNT)]
    for start in range(0, COUNT, 1000):
        dead_letter(portal_on_bus, *envelopes[start : start + 1000])
    administrator = portal_on_bus.signed_in("zhao", "administrator")
    assert administrator.post("/dead-letters/replay", data={"queue": "review"}).status_code == 303
    assert str(COUNT) in administrator.get("/dead-letters/replay").text
    assert run_jobs(portal_on_bus) == -(-COUNT // 500) + 1
    assert {row.state for row in stored_dead_letters(portal_on_bus)} == {"replayed"}
    url = portal_on_bus.process.settings.broker_url
    consume(url, subscriber, portal_on_bus, count_expected=COUNT)
    assert count_effects(subscriber) == COUNT

    with portal_on_bus.process.database.transaction() as uow:
        for row in uow.session.exec(select(DeadLetter)).all():
            row.state = "waiting"
            uow.session.add(row)
    assert replay_all(portal_on_bus.process, ReplayDeadLetters(actor="console")) == (COUNT, 0)
    dead_letter(portal_on_bus, last := fee(COUNT))
    assert replay_all(portal_on_bus.process, ReplayDeadLetters(actor="console")) == (1, 0)
    consume(url, subscriber, portal_on_bus, count_expected=COUNT + 1)
    assert count_effects(subscriber) == COUNT + 1, last.id


def test_the_command_lists_and_replays_and_requires_a_selection(
    portal_on_bus: Portal, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    dead_letter(portal_on_bus, fee(1), fee(2))
    dead_letter(portal_on_bus, fee(3), queue="nobody")
    assert replay(portal_on_bus.process, only_list=True) == 0
    assert capsys.readouterr().out.split() == (
        f"2 review {FeePaid.TYPE} NotFound: 没有。 1 nobody {FeePaid.TYPE} NotFound: 没有。 3 in all".split()
    )
    with pytest.raises(Invalid):
        replay(portal_on_bus.process)
    assert replay(portal_on_bus.process, queue="review") == 0
    assert replay(portal_on_bus.process, everything=True) == 1
    assert capsys.readouterr().out.splitlines() == [
        "sent 2, refused by the broker 0",
        "sent 0, refused by the broker 1",
    ]


def test_the_page_replays_or_discards_one_dead_letter(portal: Portal) -> None:
    dead_letter(portal, fee(1), fee(2))
    first, second = stored_dead_letters(portal)
    administrator = portal.signed_in("zhao", "administrator")
    page = administrator.get(f"/dead-letters/{first.id}").text
    assert "trace-7" in page
    assert administrator.post(f"/dead-letters/{first.id}/replay").status_code == 303
    assert administrator.post(f"/dead-letters/{second.id}/discard", data={"reason": ""}).status_code == 422
    assert administrator.post(f"/dead-letters/{second.id}/discard", data={"reason": "重复"}).status_code == 303
    assert administrator.post(f"/dead-letters/{second.id}/replay").status_code == 409
    assert administrator.post("/dead-letters/none/replay").status_code == 404
    assert administrator.post("/dead-letters/replay", data={"queue": "nobody"}).status_code == 409
    with portal.process.database.reader() as session:
        (job,) = session.exec(select(JobRow)).all()
    assert ReplayDeadLetters.model_validate(job.payload) == ReplayDeadLetters(actor="zhao", key=first.id)
    judge = portal.signed_in("qian", "judge")
    assert judge.post(f"/dead-letters/{first.id}/replay").status_code == 403
    assert judge.get("/dead-letters/replay").status_code == 403


def run_command(*arguments: str) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "services", *arguments]
    result = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2], timeout=120)
    return result.returncode, result.stdout, result.stderr


def test_the_command_for_a_folder_requires_a_stopped_installation(tmp_path: Path) -> None:
    folder = tmp_path / "house"
    command = ("replay", "--data", str(folder), "--all")
    code, _, errors = run_command(*command)
    assert (code, "不是领军的数据目录" in errors) == (2, True)
    installation = StandaloneServer(folder, port=1)
    assert run_command(*command) == (2, "", "lingjun: 领军正在运行，请在“未送达消息”页面上操作，或先停止它。\n")
    dead_letter(Portal(installation.processes["portal"], SimpleNamespace()), fee(1))  # type: ignore[arg-type]
    with SyncPublisher(installation.processes["portal"].transport()):
        installation.close()
    assert run_command(*command)[:2] == (0, "sent 1, refused by the broker 0\n")
