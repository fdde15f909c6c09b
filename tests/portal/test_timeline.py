"""What the portal hears: timelines without sealed values, the search, and the mirror of the dead letters."""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlmodel import col, select

from services.portal import queries
from services.portal.actions import note_dead_letter
from services.portal.bus import HANDLERS, make_bus
from services.portal.errors import UnknownApplicant
from services.portal.models import Applicant, DeadLetter, Occurrence
from shared.context import Context
from shared.database import Database
from shared.events import Event, Sealed
from shared.events.billing import FeePaid
from shared.events.intake import ApplicationResubmitted, ApplicationSubmitted, Firm, InvoiceTitle, Student
from shared.events.portal import StaffAccessChanged
from shared.events.review import ApplicationVerified, Candidate
from shared.events.scheduling import InterviewScheduled
from shared.messaging.envelope import Envelope, source_of
from shared.messaging.relay import Relay
from shared.messaging.transport import Delivery
from shared.models import InboxRow
from shared.outbox import publish
from shared.process import make_transport
from shared.schema import upgrade
from tests.portal.conftest import NOW, Portal

APPLICATION = UUID("01890000-0000-7000-8000-000000000001")
SEALED = Sealed(sealed="CIPHERTEXT", index="HASH", mask="138****8000")


def submitted(kind: type[ApplicationSubmitted] = ApplicationSubmitted, **changes: Any) -> ApplicationSubmitted:
    """An application as intake says it; all people and firms are invented."""
    student = Student(
        name=changes.pop("name", "杨致远"),
        gender="female",
        born_on=date(1980, 1, 1),
        position="总经理",
        role="总经理",
        education="本科",
        resume="",
        identity=SEALED,
        mobile=SEALED,
        email=SEALED,
    )
    firm = Firm(
        name="重庆琮渟齿轮箱股份有限公司",
        former_name=None,
        credit_code="91500000MA00000000",
        address="",
        legal_representative="",
        founded_on=date(2010, 1, 1),
        scale="",
        ownership="",
        industry="",
        main_product="",
        tier="",
        tier_year=None,
        revenue_fen=(),
        research_fen=(),
        employees=1,
    )
    return kind(
        application_id=APPLICATION,
        application_no="BM2021-0001",
        programme="CQ-LJ-2021",
        platform_no="P-1",
        revision=changes.pop("revision", 1),
        submitted_at=NOW,
        unit_code="500103",
        recommendation="recommended",
        interview_mode="online",
        payment_reference="ZX21000889",
        student=student,
        firm=firm,
        invoice=InvoiceTitle(title="x", tax_number="91500000MA00000000", kind="normal"),
        scans=(),
    )


def interview() -> InterviewScheduled:
    return InterviewScheduled(
        application_id=APPLICATION,
        programme="CQ-LJ-2021",
        starts_at=datetime(2021, 12, 6, 1, tzinfo=UTC),
        ends_at=datetime(2021, 12, 6, 2, tzinfo=UTC),
        mode="online",
        place="会议 1",
        panel="第一组",
        judges=(),
    )


def verified() -> ApplicationVerified:
    candidate = Candidate(
        application_no="BM2021-0001",
        name="杨致远",
        position="总经理",
        firm_name="重庆琮渟齿轮箱股份有限公司",
        credit_code="91500000MA00000000",
        unit_code="500103",
        interview_mode="online",
        identity=SEALED,
        mobile=SEALED,
        email=SEALED,
    )
    return ApplicationVerified(application_id=APPLICATION, programme="CQ-LJ-2021", verified_at=NOW, candidate=candidate)


def paid() -> FeePaid:
    return FeePaid(application_id=APPLICATION, programme="CQ-LJ-2021", paid_fen=2500000, paid_at=NOW)


def hear(portal: Portal, event: Event, *, at: datetime, event_id: UUID | None = None) -> None:
    """Hands the event to its handler, as the consumer does."""
    envelope = Envelope(
        id=event_id or uuid4(),
        type=event.TYPE,
        source=source_of(event.TYPE),
        subject=event.subject,
        sequence=1,
        time=at,
        correlation_id="c",
        body=event.model_dump_json().encode(),
    )
    context = Context(actor="event", now=at, tools=portal.process.tools, envelope=envelope)
    with portal.process.database.transaction() as session:
        HANDLERS[type(event)](session, event, context=context)


def hour(number: int) -> datetime:
    return NOW + timedelta(hours=number)


def test_a_timeline_tells_what_every_service_said_newest_first(any_portal: Portal) -> None:
    hear(any_portal, submitted(), at=hour(0))
    hear(any_portal, verified(), at=hour(1))
    hear(any_portal, interview(), at=hour(2))
    hear(any_portal, paid(), at=hour(3))
    with any_portal.process.database.reader() as session:
        timeline = queries.timeline_of(session, APPLICATION)
    assert [(item.who, item.title, item.text) for item in timeline] == [
        ("财务", "自筹费用缴清", "25,000.00 元，2021年11月23日 09:00 到账"),
        ("面试与教学", "面试已安排", "2021年12月06日 09:00，线上，会议 1，第一组"),
        ("材料审核", "审核通过", ""),
        ("报名受理", "提交报名", "重庆琮渟齿轮箱股份有限公司 推荐 杨致远，报名编号 BM2021-0001"),
    ]


def test_no_sealed_value_is_kept(any_portal: Portal) -> None:
    hear(any_portal, submitted(), at=hour(0))
    with any_portal.process.database.reader() as session:
        body = session.exec(select(Occurrence)).one().body
    assert body["student"]["mobile"] == "138****8000"
    assert "CIPHERTEXT" not in json.dumps(body)


def test_an_event_heard_twice_is_told_once(any_portal: Portal) -> None:
    once = uuid4()
    for _ in range(2):
        hear(any_portal, submitted(), at=hour(0), event_id=once)
    with any_portal.process.database.reader() as session:
        assert len(queries.timeline_of(session, APPLICATION)) == 1


def test_the_last_news_is_the_newest_by_business_time_whoever_is_heard_first(any_portal: Portal) -> None:
    hear(any_portal, paid(), at=hour(3))
    hear(any_portal, submitted(), at=hour(0))
    hear(any_portal, submitted(ApplicationResubmitted, name="杨志远", revision=2), at=hour(1))
    with any_portal.process.database.reader() as session:
        row = session.exec(select(Applicant)).one()
    assert (row.student_name, row.application_no) == ("杨志远", "BM2021-0001")
    assert (row.last_type, row.last_at) == (FeePaid.TYPE, hour(3))


def test_changes_of_access_are_kept_but_are_nobodys_news(portal: Portal) -> None:
    hear(portal, StaffAccessChanged(account="li", roles=(), valid_from=NOW), at=hour(0))
    hear(portal, submitted(), at=hour(1))
    with portal.process.database.reader() as session:
        latest = queries.latest_occurrences(session, most=10)
        assert len(session.exec(select(Occurrence)).all()) == 2
    assert [(item.title, item.applicant.student_name if item.applicant else "") for item in latest] == [
        ("提交报名", "杨致远")
    ]


def test_nobody_has_a_timeline_before_being_heard_of(portal: Portal) -> None:
    with portal.process.database.reader() as session, pytest.raises(UnknownApplicant):
        queries.applicant_with(session, APPLICATION)


def test_people_find_an_applicant_by_name_firm_and_number(any_portal: Portal) -> None:
    hear(any_portal, submitted(), at=hour(0))
    judge = any_portal.signed_in("qian", "judge")
    for term, found in (("致远", True), ("琮渟", True), ("0001", True), ("孙", False)):
        assert (str(APPLICATION) in judge.get("/tables/applicants/list", params={"q": term}).text) == found
    page = judge.get(f"/applicants/{APPLICATION}").text
    assert "重庆琮渟齿轮箱股份有限公司 推荐 杨致远" in page
    assert judge.get(f"/applicants/{uuid4()}").status_code == 404


def dead_letter(**headers: str) -> Delivery:
    given = {"cloudEvents:id": str(uuid4()), "cloudEvents:type": FeePaid.TYPE, "cloudEvents:subject": "s"}
    said = {"x-lingjun-queue": "review", "x-lingjun-reason": "NotFound: 没有这份报名。"}
    body = json.dumps({"mobile": SEALED.model_dump(), "paid_fen": 1}).encode()
    return Delivery(None, given | said | headers, body, 0)


def test_a_dead_letter_is_mirrored_once_and_shown_with_masks(any_portal: Portal) -> None:
    letter = dead_letter()
    for _ in range(2):
        with any_portal.process.database.transaction() as session:
            note_dead_letter(session, letter)
    administrator = any_portal.signed_in("zhao", "administrator")
    assert "没有这份报名。" in administrator.get("/tables/dead-letters/list").text
    with any_portal.process.database.reader() as session:
        row = session.exec(select(DeadLetter)).one()
    page = administrator.get(f"/dead-letters/{row.id}").text
    assert "138****8000" in page
    assert "CIPHERTEXT" not in page
    assert administrator.get("/dead-letters/none").status_code == 404


def test_the_same_event_given_up_by_two_services_is_two_dead_letters(portal: Portal) -> None:
    letter = dead_letter()
    other = Delivery(None, letter.headers | {"x-lingjun-queue": "billing"}, letter.body, 0)
    with portal.process.database.transaction() as session:
        note_dead_letter(session, letter)
        note_dead_letter(session, other)
    with portal.process.database.reader() as session:
        assert sorted(session.exec(select(DeadLetter.queue)).all()) == ["billing", "review"]


def test_a_dead_letter_that_is_no_json_is_kept_and_not_shown(portal: Portal) -> None:
    with portal.process.database.transaction() as session:
        note_dead_letter(session, Delivery(None, {}, b"\xff\xfe<script>", 0))
    with portal.process.database.reader() as session:
        row = session.exec(select(DeadLetter)).one()
    assert (row.queue, row.reason) == ("未知", "反复投递失败，超过次数上限。")
    page = portal.signed_in("zhao", "administrator").get(f"/dead-letters/{row.id}").text
    assert "不是合法的 JSON" in page


async def until(fits: Callable[[], bool]) -> None:
    """Waits for what the bus does in its own time."""
    for _ in range(400):
        if fits():
            return
        await asyncio.sleep(0.025)
    raise AssertionError("it did not happen")


@pytest.mark.parametrize("broker", ["embedded", "rabbitmq"])
def test_over_the_bus_events_become_timelines_and_dead_letters_come_into_sight(
    portal: Portal, tmp_path: Path, broker: str, request: pytest.FixtureRequest
) -> None:
    if broker == "rabbitmq":
        portal.process.settings.broker_url = request.getfixturevalue("rabbitmq_url")
    upgrade(f"sqlite:///{tmp_path}/speaker.db", "shared")
    speaker = Database(f"sqlite:///{tmp_path}/speaker.db")
    with speaker.transaction() as session:
        publish(session, submitted(), now=hour(0))
        publish(session, paid(), now=hour(1))

    def heard() -> bool:
        with portal.process.database.reader() as session:
            return len(session.exec(select(InboxRow)).all()) == 2

    def mirrored() -> bool:
        with portal.process.database.reader() as session:
            return session.exec(select(DeadLetter.reason)).all() == ["Conflict: 没有空位。"]

    async def run() -> None:
        transport = make_transport(portal.process.settings.broker_url, "review")
        await transport.open()
        tasks = [
            asyncio.ensure_future(Relay(speaker, transport).run()),
            asyncio.ensure_future(make_bus(portal.process).run(lambda _job: None)),
        ]
        try:
            await until(heard)
            refused = (await transport.receive(1))[0]
            await transport.bury(refused, "Conflict: 没有空位。")
            await until(mirrored)
        finally:
            for task in tasks:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
            await transport.close()

    asyncio.run(run())
    with portal.process.database.reader() as session:
        kinds = session.exec(select(Occurrence.type).order_by(col(Occurrence.occurred_at))).all()
    assert kinds == [ApplicationSubmitted.TYPE, FeePaid.TYPE]
