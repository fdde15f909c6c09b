"""Dead letters sent again: through the inbox, each at most once in effect, from the page and from the command line."""

import argparse
import asyncio
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from uuid import UUID, uuid4

import pytest
from sqlmodel import Session, func, select

from services.house import House
from services.portal import actions
from services.portal.actions.replays import Send
from services.portal.jobs import ReplayDeadLetters
from services.portal.models import DeadLetter
from services.portal.replay import add_choice, replay, send_again
from services.portal.rules.letters import address, headers_of_replay, origin
from services.portal.worker import make_jobs
from shared.database import Database
from shared.errors import Conflict, Invalid
from shared.events.billing import FeePaid
from shared.jobs import JobWorker
from shared.messaging.consumer import Consumer
from shared.messaging.envelope import Envelope, source_of
from shared.messaging.sender import Sender
from shared.messaging.transport import Delivery, Outgoing
from shared.models import AuditRow, HeardPart, InboxRow, JobRow
from shared.process import make_transport
from shared.schema import upgrade
from tests.portal.conftest import NOW, Portal

HOW_MANY = int(os.environ.get("LINGJUN_REPLAYS", "2000"))


def fee(number: int) -> Envelope:
    event = FeePaid(application_id=uuid4(), programme="P", paid_fen=number, paid_at=datetime.now(UTC))
    return Envelope(
        id=uuid4(),
        type=FeePaid.TYPE,
        source=source_of(FeePaid.TYPE),
        subject=event.subject,
        sequence=1,
        time=event.paid_at,
        correlation_id="trace-7",
        body=event.model_dump_json().encode(),
    )


def bury(
    portal: Portal, *envelopes: Envelope, queue: str = "review", reason: str = "NotFound: 没有。", replay: int = 0
) -> None:
    again: dict[str, object] = {"x-lingjun-replay": replay} if replay else {}
    with portal.process.database.transaction() as session:
        for envelope in envelopes:
            headers = envelope.headers | {"x-lingjun-queue": queue, "x-lingjun-reason": reason} | again
            actions.note_dead_letter(session, Delivery(None, headers, envelope.body, 0))
            session.flush()


def again(portal: Portal, send: Send, **wanted: str) -> actions.Replayed:
    with portal.process.database.transaction() as session:
        return actions.replay_batch(session, ReplayDeadLetters(actor="zhao", **wanted), send=send)


def accept(_queue: str, _batch: object) -> dict[UUID, str]:
    return {}


def letters(portal: Portal) -> list[DeadLetter]:
    with portal.process.database.reader() as session:
        return list(session.exec(select(DeadLetter).order_by(DeadLetter.reason)).all())


def test_a_letter_keeps_its_bytes_and_is_sent_as_it_was_said_first(any_portal: Portal) -> None:
    sent: list[tuple[str, Outgoing]] = []

    def send(queue: str, batch: Sequence[Outgoing]) -> dict[UUID, str]:
        sent.extend((queue, message) for message in batch)
        return {}

    junk = Delivery(
        None, {"cloudEvents:id": "7", "x-lingjun-queue": "billing.jobs"} | {"x-death": "[]"}, b"\xff\x00", 0
    )
    with any_portal.process.database.transaction() as session:
        actions.note_dead_letter(session, junk)
    assert again(any_portal, send) == actions.Replayed(1, 0, letters(any_portal)[0].id)
    assert [(queue, message.headers, message.body) for queue, message in sent] == [
        ("billing", {"cloudEvents:id": "7", "x-lingjun-replay": 1}, b"\xff\x00")
    ]


def test_a_forged_header_with_a_nul_is_mirrored_all_the_same(any_portal: Portal) -> None:
    forged = {"cloudEvents:subject": "a\x00b", "x-lingjun-replay": "99999999999999"}
    with any_portal.process.database.transaction() as session:
        actions.note_dead_letter(session, Delivery(None, forged, b"{}", 0))
    (row,) = letters(any_portal)
    assert (row.subject, row.replays) == ("a\ufffdb", 1)


def test_a_letter_is_marked_only_when_the_broker_has_confirmed_it(any_portal: Portal) -> None:
    bury(any_portal, fee(1), reason="a")
    bury(any_portal, fee(2), reason="b", queue="gone")

    def send(queue: str, batch: Sequence[Outgoing]) -> dict[UUID, str]:
        return {message.id: "no such queue" for message in batch} if queue == "gone" else {}

    done = again(any_portal, send)
    assert (done.sent, done.refused) == (1, 1)
    assert [(row.state, row.replays, row.replayed_by) for row in letters(any_portal)] == [
        ("replayed", 1, "zhao"),
        ("waiting", 0, None),
    ]


def test_a_letter_that_is_buried_again_waits_again_and_a_repeat_of_a_burial_changes_nothing(any_portal: Portal) -> None:
    letter = fee(1)
    bury(any_portal, letter)
    again(any_portal, accept)
    bury(any_portal, letter)
    assert [(row.state, row.replays) for row in letters(any_portal)] == [("replayed", 1)]
    for _ in range(2):
        bury(any_portal, letter, reason="Conflict: 仍然不行。", replay=1)
        assert [(row.state, row.replays, row.reason) for row in letters(any_portal)] == [
            ("waiting", 1, "Conflict: 仍然不行。")
        ]
    again(any_portal, accept)
    bury(any_portal, letter, replay=1)
    assert [(row.state, row.replays) for row in letters(any_portal)] == [("replayed", 2)]


def test_a_burial_that_is_heard_before_the_replay_was_marked_waits_again(any_portal: Portal) -> None:
    letter = fee(1)
    bury(any_portal, letter)
    bury(any_portal, letter, reason="later", replay=1)
    assert [(row.state, row.replays, row.reason) for row in letters(any_portal)] == [("waiting", 1, "later")]


def test_only_what_was_chosen_is_sent_and_discarded_letters_never_are(any_portal: Portal) -> None:
    bury(any_portal, fee(1), reason="NotFound: 100% _a", queue="review")
    bury(any_portal, fee(2), reason="NotFound: 100", queue="billing")
    bury(any_portal, fee(3), reason="z", queue="billing")
    assert again(any_portal, accept, reason="100%").sent == 1
    assert again(any_portal, accept, type="nothing.of_the_kind").sent == 0
    with any_portal.process.database.transaction() as session:
        actions.discard_dead_letter(session, letters(any_portal)[2].id, reason="重复", actor="zhao", now=NOW)
    assert again(any_portal, accept, queue="billing").sent == 1
    assert [row.state for row in letters(any_portal)] == ["replayed", "replayed", "discarded"]


def test_a_letter_is_discarded_once_and_only_with_a_reason(any_portal: Portal) -> None:
    bury(any_portal, fee(1))
    key = letters(any_portal)[0].id
    for reason, refusal in ((" ", Invalid), ("重复", None), ("重复", Conflict)):
        with any_portal.process.database.transaction() as session:
            if refusal is None:
                actions.discard_dead_letter(session, key, reason=reason, actor="zhao", now=NOW)
            else:
                with pytest.raises(refusal):
                    actions.discard_dead_letter(session, key, reason=reason, actor="zhao", now=NOW)
    with any_portal.process.database.reader() as session:
        acts = session.exec(select(AuditRow).where(AuditRow.subject == key)).all()
    assert [(act.action, act.details) for act in acts] == [("dead_letter_discarded", {"reason": "重复"})]


def test_where_a_letter_comes_from_and_goes_to() -> None:
    assert origin({"x-lingjun-queue": "review", "x-first-death-queue": "lingjun.x"}) == "review"
    assert origin({"x-first-death-queue": "lingjun.review"}) == "review"
    assert origin({"x-first-death-queue": "lingjun.review.retry.3"}) == "review"
    assert origin({}) == "未知"
    assert [address("billing.jobs"), address("billing")] == ["billing", "billing"]
    assert headers_of_replay({"cloudEvents:id": "1", "traceparent": "t", "x-lingjun-reason": "r"}, 2) == {
        "cloudEvents:id": "1",
        "traceparent": "t",
        "x-lingjun-replay": 2,
    }


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

    def count(session: Session, event: FeePaid, *, context: object) -> None:
        session.add(HeardPart(source="effect", subject=event.subject, part=str(event.paid_fen), sequence=0))

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
        return session.exec(select(func.count()).select_from(HeardPart).where(HeardPart.source == "effect")).one()


@pytest.fixture(params=["embedded", "rabbitmq"])
def on_a_bus(portal: Portal, request: pytest.FixtureRequest) -> Portal:
    """A portal on each bus, whose queues are there."""
    if request.param == "rabbitmq":
        portal.process.settings.broker_url = request.getfixturevalue("rabbitmq_url")
    with Sender(portal.process.transport()):
        return portal


@pytest.fixture
def listener(tmp_path: Path) -> Database:
    upgrade(f"sqlite:///{tmp_path}/listener.db", "shared")
    return Database(f"sqlite:///{tmp_path}/listener.db")


def test_every_letter_is_replayed_and_none_takes_effect_twice(on_a_bus: Portal, listener: Database) -> None:
    """LINGJUN_REPLAYS says how many."""
    buried = [fee(number) for number in range(HOW_MANY)]
    for start in range(0, HOW_MANY, 1000):
        bury(on_a_bus, *buried[start : start + 1000])
    administrator = on_a_bus.signed_in("zhao", "administrator")
    assert administrator.post("/dead-letters/replay", data={"queue": "review"}).status_code == 303
    assert str(HOW_MANY) in administrator.get("/dead-letters/replay").text
    assert work_off(on_a_bus) == -(-HOW_MANY // 500) + 1
    assert {row.state for row in letters(on_a_bus)} == {"replayed"}
    url = on_a_bus.process.settings.broker_url
    listen(url, listener, on_a_bus, how_many=HOW_MANY)
    assert effects(listener) == HOW_MANY

    with on_a_bus.process.database.transaction() as session:
        for row in session.exec(select(DeadLetter)).all():
            row.state = "waiting"
            session.add(row)
    assert send_again(on_a_bus.process, ReplayDeadLetters(actor="console")) == (HOW_MANY, 0)
    bury(on_a_bus, last := fee(HOW_MANY))
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
    bury(on_a_bus, fee(1), fee(2))
    bury(on_a_bus, fee(3), queue="nobody")
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
    bury(portal, fee(1), fee(2))
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


def in_a_house(*arguments: str) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "services", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2], timeout=120)
    return ended.returncode, ended.stdout, ended.stderr


def test_the_command_for_a_folder_wants_a_house_that_does_not_run(tmp_path: Path) -> None:
    folder = tmp_path / "house"
    command = ("replay", "--data", str(folder), "--all")
    code, _, told = in_a_house(*command)
    assert (code, "不是领军的数据目录" in told) == (2, True)
    house = House(folder, port=1)
    assert in_a_house(*command) == (2, "", "领军正在运行，请在“未送达消息”页面上操作，或先停止它。\n")
    bury(Portal(house.processes["portal"], SimpleNamespace()), fee(1))  # type: ignore[arg-type]
    with Sender(house.processes["portal"].transport()):
        house.close()
    assert in_a_house(*command)[:2] == (0, "sent 1, refused by the broker 0\n")
