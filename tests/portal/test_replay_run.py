"""Dead letters sent again: through the inbox, each at most once in effect, from the page and from the command line."""

import argparse
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
from services.portal.replay import add_choice, replay, send_again
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
from tests.portal.dead_letters import dead_letter, fee, letters

HOW_MANY = int(os.environ.get("LINGJUN_REPLAYS", "2000"))


def work_off(portal: Portal) -> int:
    """Executes the portal's waiting jobs, one after the other; how many there were."""
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
    raise AssertionError("the replay never ends")


def listen(broker_url: str, listener: Database, portal: Portal, *, how_many: int) -> None:
    """Lets review hear until its inbox holds so many; each event counts once or breaks the key."""

    def count(uow: UnitOfWork, event: FeePaid, *, context: object) -> None:
        uow.session.add(LastSequence(source="effect", subject=event.subject, part=str(event.paid_fen), sequence=0))

    def heard() -> int:
        with listener.reader() as session:
            return session.exec(select(func.count()).select_from(InboxRow)).one()

    async def run() -> None:
        transport = make_transport(broker_url, "review")
        await transport.open()
        process = portal.process
        consumer = Consumer(listener, transport, {FeePaid: count}, clock=process.clock, tools=process.tools)
        task = asyncio.create_task(consumer.run())
        for _ in range(12000):
            if await asyncio.to_thread(heard) >= how_many:
                break
            await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await transport.close()

    asyncio.run(run())


def effects(listener: Database) -> int:
    with listener.reader() as session:
        return session.exec(select(func.count()).select_from(LastSequence).where(LastSequence.source == "effect")).one()


@pytest.fixture(params=["embedded", "servers"])
def column(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str, str]:
    """Broker, and the databases of the portal and of who listens: embedded, or RabbitMQ and PostgreSQL."""
    if request.param == "embedded":
        return "", "", f"sqlite:///{tmp_path}/listener.db"
    make = request.getfixturevalue("postgres_url")
    return request.getfixturevalue("rabbitmq_url"), make("portal"), make("listener")


@pytest.fixture
def on_a_bus(column: tuple[str, str, str], tmp_path: Path) -> Iterator[Portal]:
    """A portal on each column, whose queues are there."""
    broker_url, database_url, _ = column
    portal = make_portal(tmp_path, database_url=database_url)
    portal.process.settings.broker_url = broker_url or portal.process.settings.broker_url
    with SyncPublisher(portal.process.transport()):
        yield portal
    portal.process.database.close()


@pytest.fixture
def listener(column: tuple[str, str, str]) -> Iterator[Database]:
    upgrade(column[2], "shared")
    database = Database(column[2])
    yield database
    database.close()


def test_every_letter_is_replayed_and_none_takes_effect_twice(on_a_bus: Portal, listener: Database) -> None:
    """LINGJUN_REPLAYS says how many."""
    buried = [fee(number) for number in range(HOW_MANY)]
    for start in range(0, HOW_MANY, 1000):
        dead_letter(on_a_bus, *buried[start : start + 1000])
    administrator = on_a_bus.signed_in("zhao", "administrator")
    assert administrator.post("/dead-letters/replay", data={"queue": "review"}).status_code == 303
    assert str(HOW_MANY) in administrator.get("/dead-letters/replay").text
    assert work_off(on_a_bus) == -(-HOW_MANY // 500) + 1
    assert {row.state for row in letters(on_a_bus)} == {"replayed"}
    url = on_a_bus.process.settings.broker_url
    listen(url, listener, on_a_bus, how_many=HOW_MANY)
    assert effects(listener) == HOW_MANY

    with on_a_bus.process.database.transaction() as uow:
        for row in uow.session.exec(select(DeadLetter)).all():
            row.state = "waiting"
            uow.session.add(row)
    assert send_again(on_a_bus.process, ReplayDeadLetters(actor="console")) == (HOW_MANY, 0)
    dead_letter(on_a_bus, last := fee(HOW_MANY))
    assert send_again(on_a_bus.process, ReplayDeadLetters(actor="console")) == (1, 0)
    listen(url, listener, on_a_bus, how_many=HOW_MANY + 1)
    assert effects(listener) == HOW_MANY + 1, last.id


def given(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_choice(parser)
    return parser.parse_args(arguments)


def test_the_command_lists_refuses_to_guess_and_sends(
    on_a_bus: Portal, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    dead_letter(on_a_bus, fee(1), fee(2))
    dead_letter(on_a_bus, fee(3), queue="nobody")
    assert replay(on_a_bus.process, given("--list")) == 0
    assert capsys.readouterr().out.split() == (
        f"2 review {FeePaid.TYPE} NotFound: 没有。 1 nobody {FeePaid.TYPE} NotFound: 没有。 3 in all".split()
    )
    with pytest.raises(Invalid):
        replay(on_a_bus.process, given())
    assert replay(on_a_bus.process, given("--queue", "review")) == 0
    assert replay(on_a_bus.process, given("--all")) == 1
    assert capsys.readouterr().out.splitlines() == [
        "sent 2, refused by the broker 0",
        "sent 0, refused by the broker 1",
    ]


def test_from_the_page_one_letter_is_sent_again_or_put_aside(portal: Portal) -> None:
    dead_letter(portal, fee(1), fee(2))
    first, second = letters(portal)
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


def in_an_installation(*arguments: str) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "services", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2], timeout=120)
    return ended.returncode, ended.stdout, ended.stderr


def test_the_command_for_a_folder_wants_a_house_that_does_not_run(tmp_path: Path) -> None:
    folder = tmp_path / "house"
    command = ("replay", "--data", str(folder), "--all")
    code, _, told = in_an_installation(*command)
    assert (code, "不是领军的数据目录" in told) == (2, True)
    installation = StandaloneServer(folder, port=1)
    assert in_an_installation(*command) == (2, "", "领军正在运行，请在“未送达消息”页面上操作，或先停止它。\n")
    dead_letter(Portal(installation.processes["portal"], SimpleNamespace()), fee(1))  # type: ignore[arg-type]
    with SyncPublisher(installation.processes["portal"].transport()):
        installation.close()
    assert in_an_installation(*command)[:2] == (0, "sent 1, refused by the broker 0\n")
