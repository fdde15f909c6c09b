"""What Prometheus is told: each delivery once by what came of it, what waits, requests by route; never a name or a number."""

import asyncio
import re
from contextlib import contextmanager
from urllib.request import urlopen
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families
from sqlmodel import select

from services.intake import worker
from services.intake.web import make_app
from shared.events.billing import FeePaid
from shared.foundation.clock import SystemClock
from shared.foundation.errors import Conflict, OutOfOrder
from shared.messaging.consumer import Consumer
from shared.observability import metrics
from shared.observability.metrics import REGISTRY
from shared.persistence.models import InboxRow
from shared.runtime.waiting_metrics import export_waiting
from tests.messaging.applicant import (
    OpenFile,
    file_application,
    open_intake,
    open_listener,
    personal_data,
    run_jobs,
    start_jobs,
)
from tests.messaging.conftest import LADDER, eventually, fee_paid, running
from tests.messaging.test_forgeries import message


@pytest.fixture
def intake(tmp_path):
    with open_intake(tmp_path) as process:
        yield process


@pytest.fixture
def listener(tmp_path):
    with open_listener(tmp_path) as database:
        yield database


@pytest.fixture
def database_urls(tmp_path):
    return [f"sqlite:///{tmp_path / name}.db" for name in ("speaker", "listener")]


def told(name, **labels):
    """The value of a sample by now; 0 where there is none."""
    return REGISTRY.get_sample_value(name, labels) or 0


@contextmanager
def counting(name, *outcomes, **labels):
    """How much a counter grew inside, by outcome."""
    before = {outcome: told(name, outcome=outcome, **labels) for outcome in outcomes}
    grown: dict[str, float] = {}
    yield grown
    for outcome in outcomes:
        grown[outcome] = told(name, outcome=outcome, **labels) - before[outcome]


async def hear(installation, messages, handler, settled):
    """Publishes messages as they are and lets the listener hear them until `settled`."""
    transport, hearing = installation.transport(), installation.transport()
    await transport.open()
    await hearing.open()
    consumer = Consumer(
        installation.listener,
        hearing,
        {FeePaid: handler},
        clock=SystemClock(),
        tools=installation.tools,
        attempts=len(LADDER),
        service="listener",
    )
    async with running(consumer.run):
        for one in messages:
            await transport.publish([one])
        await eventually(settled)
    await transport.close()
    await hearing.close()


def test_every_delivery_is_counted_once_by_what_came_of_it(installation):
    subject = uuid4()

    def saying(sequence, amount=2_500_000):
        event = fee_paid(amount, subject)
        return message(event.model_dump_json().encode(), subject=str(subject), sequence=str(sequence))

    newest, older = saying(2), saying(1)
    unknown = message(type="billing.fee_paid.v9")
    tries: list[FeePaid] = []

    def handler(_session, event, *, context):
        if event.paid_fen == 13:
            raise Conflict("不")
        if event.paid_fen == 14 and not tries:
            tries.append(event)
            raise OutOfOrder("尚早")

    batch = [newest, newest, older, unknown, saying(3, 13), saying(4, 14)]
    outcomes = ("handled", "stale", "known", "retried", "buried")
    with (
        counting("lingjun_heard_events_total", *outcomes, service="listener", type=FeePaid.TYPE) as known,
        counting("lingjun_heard_events_total", "unknown", service="listener", type="other") as other,
    ):
        asyncio.run(hear(installation, batch, handler, lambda: heard(installation.listener) == 3))
    assert known == {"handled": 2, "stale": 1, "known": 1, "retried": 1, "buried": 1}
    assert other == {"unknown": 1}
    assert told("lingjun_event_lag_seconds_count", service="listener") >= 2


def heard(database):
    with database.reader() as session:
        return len(session.exec(select(InboxRow)).all())


def test_an_event_of_an_unknown_type_is_acknowledged_and_leaves_nothing(installation):
    junk = [message(type=f"billing.fee_paid.v{number}") for number in range(9, 20)]
    with counting(
        "lingjun_heard_events_total", "unknown", "retried", "buried", service="listener", type="other"
    ) as seen:
        asyncio.run(hear(installation, [*junk, message()], lambda *_, context: None, lambda: heard(installation.listener) == 1))
    assert seen == {"unknown": 11, "retried": 0, "buried": 0}


def test_what_the_broker_took_and_what_it_refused_is_counted(installation):
    installation.say(fee_paid(), fee_paid())
    labels = {"service": "", "type": FeePaid.TYPE}

    async def play():
        async with installation.relaying():
            await eventually(lambda: depth(installation.speaker) == 0)

    with counting("lingjun_relayed_events_total", "confirmed", "refused", **labels) as seen:
        asyncio.run(play())
    assert seen == {"confirmed": 2, "refused": 0}


def depth(database):
    with export_waiting("speaker", database, SystemClock()):
        return told("lingjun_outbox_events", service="speaker")


def test_the_tries_of_a_job_are_counted_by_outcome(listener, intake):
    fates = [RuntimeError("away"), Conflict("不")]

    def work(_session, _job, *, context):
        if fates:
            raise fates.pop()
        return "done"

    names = {"service": "clerk", "job": "open_file"}
    with counting("lingjun_job_seconds_count", "done", "retried", "failed", **names) as seen:
        start_jobs(listener, 3, uuid4())
        run_jobs(listener, {OpenFile: work}, service="clerk", tools=intake.tools)
    assert seen == {"done": 1, "retried": 1, "failed": 1}


def test_requests_are_told_apart_by_their_routes_and_no_path_becomes_a_label(intake):
    http = TestClient(make_app(intake))
    for path in ("/intake/api/applications/13800138000", "/intake/13800138000", "/intake/healthz"):
        http.get(path)
    http.request("张三13800138000", "/intake/healthz")
    routes = {
        (sample.labels["method"], sample.labels["route"])
        for family in REGISTRY.collect()
        for sample in family.samples
        if sample.labels.get("route")
    }
    assert {
        ("GET", "/intake/api/applications/{application_id}"),
        ("GET", "none"),
        ("GET", "/intake/healthz"),
        ("_OTHER", "/intake/healthz"),
    } <= routes
    assert [route for _, route in routes if re.search(r"\d{6}", route)] == []


def test_a_scrape_over_http_is_well_formed_and_says_nothing_about_people(intake):
    file_application(intake)
    run_jobs(intake.database, worker.JOBS, service="intake", tools=intake.tools)
    server = metrics.serve("127.0.0.1:0")
    try:
        with (
            export_waiting("intake", intake.database, SystemClock()),
            urlopen(f"http://127.0.0.1:{server.server_port}/metrics", timeout=10) as answer,
        ):
            text = answer.read().decode()
    finally:
        server.shutdown()
        server.server_close()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert len(re.findall("^# TYPE", text, re.M)) == len(families)
    assert {sample.value for sample in families["lingjun_outbox_events"].samples} == {2}
    assert ("POST", "/intake/api/applications", "201") in {
        (sample.labels["method"], sample.labels["route"], sample.labels["status"])
        for sample in families["lingjun_http_request_seconds"].samples
    }
    for value in personal_data():
        assert value not in text
