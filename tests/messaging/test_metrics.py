"""Metrics for Prometheus: deliveries by outcome, waiting rows, requests by route; no personal data in labels."""

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
    open_subscriber,
    personal_data,
    run_jobs,
    start_jobs,
)
from tests.messaging.conftest import RETRY_DELAYS, eventually, fee_paid, running
from tests.messaging.test_forgeries import message


@pytest.fixture
def intake(tmp_path):
    with open_intake(tmp_path) as process:
        yield process


@pytest.fixture
def subscriber(tmp_path):
    with open_subscriber(tmp_path) as database:
        yield database


@pytest.fixture
def database_urls(tmp_path):
    return [f"sqlite:///{tmp_path / name}.db" for name in ("publisher", "subscriber")]


def sample_value(name, **labels):
    """Return the current value of a sample; 0 if there is none."""
    return REGISTRY.get_sample_value(name, labels) or 0


@contextmanager
def counting(name, *outcomes, **labels):
    """Yield by how much a counter grows inside the block, by outcome."""
    before = {outcome: sample_value(name, outcome=outcome, **labels) for outcome in outcomes}
    grown: dict[str, float] = {}
    yield grown
    for outcome in outcomes:
        grown[outcome] = sample_value(name, outcome=outcome, **labels) - before[outcome]


async def consume(installation, messages, handler, settled):
    """Publish messages unchanged and consume them in the subscriber until `settled` returns true."""
    transport, consuming = installation.transport(), installation.transport()
    await transport.open()
    await consuming.open()
    consumer = Consumer(
        installation.subscriber,
        consuming,
        {FeePaid: handler},
        clock=SystemClock(),
        tools=installation.tools,
        attempts=len(RETRY_DELAYS),
        service="subscriber",
    )
    async with running(consumer.run):
        for outgoing in messages:
            await transport.publish([outgoing])
        await eventually(settled)
    await transport.close()
    await consuming.close()


def test_every_delivery_is_counted_once_by_outcome(installation):
    subject = uuid4()

    def numbered(sequence, amount=2_500_000):
        event = fee_paid(amount, subject)
        return message(event.model_dump_json().encode(), subject=str(subject), sequence=str(sequence))

    newest, older = numbered(2), numbered(1)
    unknown = message(type="billing.fee_paid.v9")
    tries: list[FeePaid] = []

    def handler(_session, event, *, context):
        if event.paid_fen == 13:
            raise Conflict("不")
        if event.paid_fen == 14 and not tries:
            tries.append(event)
            raise OutOfOrder("尚早")

    batch = [newest, newest, older, unknown, numbered(3, 13), numbered(4, 14)]
    outcomes = ("handled", "stale", "known", "retried", "buried")
    with (
        counting("lingjun_heard_events_total", *outcomes, service="subscriber", type=FeePaid.TYPE) as known,
        counting("lingjun_heard_events_total", "unknown", service="subscriber", type="other") as other,
    ):
        asyncio.run(consume(installation, batch, handler, lambda: inbox_size(installation.subscriber) == 3))
    assert known == {"handled": 2, "stale": 1, "known": 1, "retried": 1, "buried": 1}
    assert other == {"unknown": 1}
    assert sample_value("lingjun_event_lag_seconds_count", service="subscriber") >= 2


def inbox_size(database):
    with database.reader() as session:
        return len(session.exec(select(InboxRow)).all())


def test_an_event_of_an_unknown_type_is_acknowledged_without_an_inbox_row(installation):
    junk = [message(type=f"billing.fee_paid.v{number}") for number in range(9, 20)]
    with counting(
        "lingjun_heard_events_total", "unknown", "retried", "buried", service="subscriber", type="other"
    ) as seen:
        asyncio.run(
            consume(
                installation,
                [*junk, message()],
                lambda *_, context: None,
                lambda: inbox_size(installation.subscriber) == 1,
            )
        )
    assert seen == {"unknown": 11, "retried": 0, "buried": 0}


def test_confirmed_and_refused_publishes_are_counted(installation):
    installation.publish(fee_paid(), fee_paid())
    labels = {"service": "", "type": FeePaid.TYPE}

    async def play():
        async with installation.relaying():
            await eventually(lambda: depth(installation.publisher) == 0)

    with counting("lingjun_relayed_events_total", "confirmed", "refused", **labels) as seen:
        asyncio.run(play())
    assert seen == {"confirmed": 2, "refused": 0}


def depth(database):
    with export_waiting("publisher", database, SystemClock()):
        return sample_value("lingjun_outbox_events", service="publisher")


def test_job_attempts_are_counted_by_outcome(subscriber, intake):
    errors = [RuntimeError("away"), Conflict("不")]

    def work(_session, _job, *, context):
        if errors:
            raise errors.pop()
        return "done"

    names = {"service": "clerk", "job": "open_file"}
    with counting("lingjun_job_seconds_count", "done", "retried", "failed", **names) as seen:
        start_jobs(subscriber, 3, uuid4())
        run_jobs(subscriber, {OpenFile: work}, service="clerk", tools=intake.tools)
    assert seen == {"done": 1, "retried": 1, "failed": 1}


def test_requests_are_labelled_by_route_and_never_by_path(intake):
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


def test_a_scrape_over_http_is_well_formed_and_contains_no_personal_data(intake):
    file_application(intake)
    run_jobs(intake.database, worker.make_jobs(intake.settings), service="intake", tools=intake.tools)
    server = metrics.serve("127.0.0.1:0")
    try:
        with (
            export_waiting("intake", intake.database, SystemClock()),
            urlopen(f"http://127.0.0.1:{server.server_port}/metrics", timeout=10) as response,
        ):
            text = response.read().decode()
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
