"""Storing dead letters: once each, masked, with any content; and the portal on both buses."""

import asyncio
import json
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest
from sqlmodel import col, select

from services.portal.actions import note_dead_letter
from services.portal.bus import make_bus
from services.portal.models import DeadLetter, Occurrence
from services.portal.settings import PortalSettings
from services.portal.web import make_app
from services.portal.worker import run_due
from shared.events.billing import FeePaid
from shared.events.intake import ApplicationSubmitted
from shared.foundation.errors import Invalid
from shared.jobs.timer import Timer
from shared.messaging.relay import Relay
from shared.messaging.transport import Delivery
from shared.persistence.database import Database
from shared.persistence.models import InboxRow
from shared.persistence.schema import upgrade
from shared.wiring.process import make_transport, open_process
from shared.wiring.settings import embedded
from tests.portal.conftest import Portal
from tests.portal.received import SEALED, hour, paid, submitted


def dead_letter(**headers: str) -> Delivery:
    envelope = {"cloudEvents:id": str(uuid4()), "cloudEvents:type": FeePaid.TYPE, "cloudEvents:subject": "s"}
    failure = {"x-lingjun-queue": "review", "x-lingjun-reason": "NotFound: 没有这份报名。"}
    body = json.dumps({"mobile": SEALED.model_dump(), "paid_fen": 1}).encode()
    return Delivery(None, envelope | failure | headers, body, 0)


def test_a_dead_letter_is_stored_once_and_shown_with_masks(any_portal: Portal) -> None:
    delivery = dead_letter()
    for _ in range(2):
        with any_portal.process.database.transaction() as uow:
            note_dead_letter(uow, delivery)
    administrator = any_portal.signed_in("zhao", "administrator")
    assert "没有这份报名。" in administrator.get("/tables/dead-letters/list").text
    with any_portal.process.database.reader() as session:
        row = session.exec(select(DeadLetter)).one()
    page = administrator.get(f"/dead-letters/{row.id}").text
    assert "138****8000" in page
    assert "CIPHERTEXT" not in page
    assert administrator.get("/dead-letters/none").status_code == 404


TRACEPARENT = f"00-{'ab' * 16}-{'cd' * 8}-01"


@pytest.mark.parametrize(
    ("template", "traceparent", "address"),
    [
        ("https://traces.example/trace/{trace}", TRACEPARENT, f"https://traces.example/trace/{'ab' * 16}"),
        ("", TRACEPARENT, None),
        ("https://traces.example/trace/{trace}", "", None),
        ("https://traces.example/trace/{trace}", f"{TRACEPARENT[:-2]}00", None),
        ("https://traces.example/trace/{trace}", '00-"><script>-1-01', None),
    ],
)
def test_a_dead_letter_links_its_trace_if_it_has_one_and_there_is_a_store(
    portal: Portal, template: str, traceparent: str, address: str | None
) -> None:
    portal.app.state.trace_url = template
    with portal.process.database.transaction() as uow:
        note_dead_letter(uow, dead_letter(**{"cloudEvents:traceparent": traceparent}))
    with portal.process.database.reader() as session:
        row = session.exec(select(DeadLetter)).one()
    page = portal.signed_in("zhao", "administrator").get(f"/dead-letters/{row.id}").text
    assert re.findall(r'<a href="([^"]+)"[^>]*><i class="fa-solid fa-route', page) == ([address] if address else [])


def test_the_address_of_the_trace_store_comes_from_the_settings(tmp_path: Path) -> None:
    values = embedded(tmp_path, "portal", public_url="", clock="system")
    assert PortalSettings(**values, trace_url="none").trace_url == ""
    store = "http://127.0.0.1:16686/trace/{trace}"
    process = open_process(PortalSettings(**values, trace_url=store))
    assert make_app(process).state.trace_url == store
    process.database.close()


@pytest.mark.parametrize("address", ["http://traces.example/trace/", "javascript:alert({trace})", "http://a b/{trace}"])
def test_an_address_without_a_place_for_the_trace_is_refused(tmp_path: Path, address: str) -> None:
    values = embedded(tmp_path, "portal", public_url="", clock="system")
    with pytest.raises(Invalid, match="LINGJUN_TRACE_URL"):
        PortalSettings(**values, trace_url=address)


def test_an_event_dead_lettered_by_two_services_is_stored_twice(portal: Portal) -> None:
    delivery = dead_letter()
    other = Delivery(None, delivery.headers | {"x-lingjun-queue": "billing"}, delivery.body, 0)
    with portal.process.database.transaction() as uow:
        note_dead_letter(uow, delivery)
        note_dead_letter(uow, other)
    with portal.process.database.reader() as session:
        assert sorted(session.exec(select(DeadLetter.queue)).all()) == ["billing", "review"]


def test_a_dead_letter_that_is_not_json_is_stored_and_not_shown(portal: Portal) -> None:
    with portal.process.database.transaction() as uow:
        note_dead_letter(uow, Delivery(None, {}, b"\xff\xfe<script>", 0))
    with portal.process.database.reader() as session:
        row = session.exec(select(DeadLetter)).one()
    assert (row.queue, row.reason) == ("未知", "反复投递失败，超过次数上限。")
    page = portal.signed_in("zhao", "administrator").get(f"/dead-letters/{row.id}").text
    assert "不是合法的 JSON" in page


async def until(condition: Callable[[], bool]) -> None:
    """Wait until the condition is true; fail after ten seconds."""
    for _ in range(400):
        if condition():
            return
        await asyncio.sleep(0.025)
    raise AssertionError("the condition did not become true")


@pytest.mark.parametrize("broker", ["embedded", "rabbitmq"])
def test_the_bus_stores_events_and_dead_letters(
    portal: Portal, tmp_path: Path, broker: str, request: pytest.FixtureRequest
) -> None:
    if broker == "rabbitmq":
        portal.process.settings.broker_url = request.getfixturevalue("rabbitmq_url")
    upgrade(f"sqlite:///{tmp_path}/speaker.db", "shared")
    publisher = Database(f"sqlite:///{tmp_path}/speaker.db")
    with publisher.transaction() as uow:
        uow.publish(submitted(), now=hour(0))
        uow.publish(paid(), now=hour(1))

    def consumed() -> bool:
        with portal.process.database.reader() as session:
            return len(session.exec(select(InboxRow)).all()) == 2

    def stored() -> bool:
        with portal.process.database.reader() as session:
            return session.exec(select(DeadLetter.reason)).all() == ["Conflict: 没有空位。"]

    async def run() -> None:
        transport = make_transport(portal.process.settings.broker_url, "review")
        process = portal.process
        portal_timer = Timer(process.database, run_due, clock=process.clock, tools=process.tools)
        await transport.open()
        tasks = [
            asyncio.ensure_future(Relay(publisher, transport).run()),
            asyncio.ensure_future(make_bus(portal.process).run(lambda _job: None, portal_timer.watch)),
        ]
        try:
            await until(consumed)
            refused = (await transport.receive(1))[0]
            await transport.dead_letter(refused, "Conflict: 没有空位。")
            await until(stored)
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
