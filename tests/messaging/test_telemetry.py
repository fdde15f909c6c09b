"""One trace from the request to the job, on both buses; no personal data in it, and no trace unless configured."""

import asyncio
import json
from contextlib import contextmanager
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sqlmodel import select

from services.intake import worker
from services.intake.web import make_app
from shared.events.envelope import read_envelope
from shared.events.intake import ApplicationSubmitted
from shared.foundation.clock import SystemClock
from shared.foundation.errors import Conflict
from shared.jobs.job import enqueue
from shared.jobs.worker import JobWorker
from shared.messaging.consumer import Consumer
from shared.messaging.relay import Relay
from shared.observability import telemetry
from shared.observability.tracing import tracers_over
from shared.persistence.models import JobRow, OutboxRow
from shared.runtime.serve import traced_bus
from shared.wiring.process import make_transport
from tests.messaging.applicant import (
    FOREIGN,
    OpenFile,
    file_application,
    open_intake,
    open_subscriber,
    personal_data,
    run_jobs,
    start_jobs,
)
from tests.messaging.conftest import eventually, running
from tests.messaging.test_forgeries import message

EVENT = "intake.application_submitted.v1"


@contextmanager
def traced(bus_url="sqlite:///bus.db"):
    """Yield an exporter with the spans that end inside the block, of processes on that bus."""
    exporter = InMemorySpanExporter()
    telemetry.trace_with(tracers_over(SimpleSpanProcessor(exporter), "test"), traced_bus(bus_url))
    try:
        yield exporter
    finally:
        telemetry.trace_with(None)


@pytest.fixture
def intake(tmp_path):
    with open_intake(tmp_path) as process:
        yield process


@pytest.fixture
def subscriber(tmp_path):
    with open_subscriber(tmp_path) as database:
        yield database


def open_a_file(uow, event, *, context):
    enqueue(uow, OpenFile(application=event.application_id))


async def relay_and_consume(bus_url, intake, subscriber):
    """Relay the events of intake until they are confirmed and the subscriber has handled them."""
    queue = {"review": (ApplicationSubmitted.TYPE,)}
    sending, receiving = make_transport(bus_url, "review", queue), make_transport(bus_url, "review", queue)
    await sending.open()
    await receiving.open()
    consumer = Consumer(
        subscriber,
        receiving,
        {ApplicationSubmitted: open_a_file},
        clock=SystemClock(),
        tools=intake.tools,
        service="review",
    )
    async with running(Relay(intake.database, sending, service="intake").run), running(consumer.run):
        await eventually(lambda: started(subscriber) == 1 and outbox_is_empty(intake.database))
    await sending.close()
    await receiving.close()


def outbox_is_empty(database):
    with database.reader() as session:
        return session.exec(select(OutboxRow)).first() is None


def started(database):
    with database.reader() as session:
        return len(session.exec(select(JobRow)).all())


def play(bus_url, intake, subscriber):
    file_application(intake)
    run_jobs(intake.database, worker.make_jobs(intake.settings), service="intake", tools=intake.tools)
    with intake.database.transaction() as uow:
        for row in uow.session.exec(select(OutboxRow)).all():
            if row.headers["cloudEvents:type"] != ApplicationSubmitted.TYPE:
                uow.session.delete(row)
    asyncio.run(relay_and_consume(bus_url, intake, subscriber))
    run_jobs(subscriber, {OpenFile: lambda *_, context: "opened"}, service="review", tools=intake.tools)


def test_a_request_its_event_handler_and_jobs_are_one_trace(bus_url, intake, subscriber):
    with traced(bus_url) as exporter:
        play(bus_url, intake, subscriber)
    spans = exporter.get_finished_spans()
    on_rabbitmq = bus_url.startswith("amqp:")
    sent_to = f"lingjun.events:{EVENT}" if on_rabbitmq else EVENT
    received_from = f"{sent_to}:lingjun.review" if on_rabbitmq else "review"
    post = next(span for span in spans if span.name == "POST /intake/api/applications")
    trace = {span.context.span_id: span for span in spans if span.context.trace_id == post.context.trace_id}
    names = {
        (
            span.resource.attributes["service.name"],
            span.name,
            span.kind.name,
            trace[span.parent.span_id].name if span.parent else "",
        )
        for span in trace.values()
    }
    assert names == {
        ("intake", "POST /intake/api/applications", "SERVER", ""),
        ("intake", f"create {sent_to}", "PRODUCER", "POST /intake/api/applications"),
        ("intake", "outbox", "INTERNAL", f"create {sent_to}"),
        ("intake", f"publish {sent_to}", "CLIENT", f"create {sent_to}"),
        ("intake", "process job.send_consent_request", "CONSUMER", "POST /intake/api/applications"),
        ("review", f"process {received_from}", "CONSUMER", f"create {sent_to}"),
        ("review", "process job.open_file", "CONSUMER", f"process {received_from}"),
    }
    assert len(trace) == len(names)


def test_a_span_holds_route_type_and_id_and_no_personal_data(intake, subscriber, tmp_path):
    with traced() as exporter:
        play(f"sqlite:///{tmp_path / 'bus.db'}", intake, subscriber)
    spans = exporter.get_finished_spans()
    by_name = {span.name: dict(span.attributes) for span in spans}
    assert by_name["POST /intake/api/applications"] == {
        "http.request.method": "POST",
        "http.route": "/intake/api/applications",
        "http.response.status_code": 201,
    }
    attributes = by_name["process review"]
    identity = attributes["cloudevents.event_id"]
    assert UUID(identity).version == 4
    assert attributes == {
        "messaging.system": "embedded",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": "review",
        "messaging.message.id": identity,
        "cloudevents.event_id": identity,
        "cloudevents.event_type": EVENT,
    }
    everything = json.dumps([json.loads(span.to_json()) for span in spans], ensure_ascii=False)
    for value in personal_data():
        assert value
        assert value not in everything


def test_a_callers_trace_is_linked_and_not_continued(intake):
    with traced() as exporter:
        TestClient(make_app(intake)).get("/intake/healthz", headers={"traceparent": FOREIGN})
    (span,) = exporter.get_finished_spans()
    assert span.parent is None
    assert f"{span.context.trace_id:032x}" not in FOREIGN
    assert [f"{link.context.trace_id:032x}" for link in span.links] == [FOREIGN.split("-")[1]]


def test_a_failure_is_recorded_by_its_class_only(subscriber, intake):
    (job_id,) = start_jobs(subscriber, 1, uuid4())

    def refuse(_session, _job, *, context):
        raise Conflict("王小明的席位已释放。")

    with traced() as exporter:
        JobWorker(subscriber, {OpenFile: refuse}, service="s", clock=SystemClock(), tools=intake.tools).execute(job_id)
    (span,) = exporter.get_finished_spans()
    assert (span.attributes["error.type"], span.status.status_code.name) == ("Conflict", "ERROR")
    assert "王小明" not in span.to_json()


async def relay_in_vain(bus_url, intake, published):
    """Relay to a bus that has no queue for the event, until it was refused."""
    transport = make_transport(bus_url, "review", {"review": ()})
    await transport.open()
    async with running(Relay(intake.database, transport, service="intake").run):
        await eventually(published)
    await transport.close()


def test_a_refused_event_is_an_error_of_its_publication_and_still_waits(intake, tmp_path):
    bus_url = f"sqlite:///{tmp_path / 'empty-bus.db'}"
    with intake.database.transaction() as uow:
        for row in uow.session.exec(select(OutboxRow)).all():
            uow.session.delete(row)
    with traced(bus_url) as exporter:
        file_application(intake)

        def spans(name):
            return [span for span in exporter.get_finished_spans() if span.name.startswith(name)]

        asyncio.run(relay_in_vain(bus_url, intake, lambda: spans("publish") != []))
    (publish,) = [span for span in spans("publish") if EVENT in span.name]
    assert (publish.attributes["error.type"], publish.status.status_code.name) == ("refused", "ERROR")
    assert spans("outbox") == []


def test_without_a_collector_there_are_no_traces_and_no_traceparent(intake, subscriber):
    file_application(intake)
    start_jobs(subscriber, 1, uuid4())
    with intake.database.reader() as session:
        headers = session.exec(select(OutboxRow.headers)).all()
    assert [header for header in headers if "cloudEvents:traceparent" in header] == []
    with subscriber.reader() as session:
        assert session.exec(select(JobRow.traceparent)).all() == [""]


@pytest.mark.parametrize(
    ("header", "expected"), [(FOREIGN, FOREIGN), ("00-xyz", ""), (7, ""), (None, ""), (FOREIGN + "\n", "")]
)
def test_an_invalid_traceparent_is_ignored_and_the_event_is_still_read(header, expected):
    forged = message(traceparent=header)
    assert read_envelope(forged.headers, forged.body).traceparent == expected
