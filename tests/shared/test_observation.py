"""Traces and metrics are off by default, and work when the settings enable them."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from urllib.request import urlopen
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from services.intake import web as intake_web
from services.intake.settings import IntakeSettings
from services.portal import web as portal_web
from services.portal.settings import PortalSettings
from shared.foundation.errors import Invalid
from shared.observability import telemetry
from shared.runtime.serve import setup_observability
from shared.wiring.settings import embedded
from tests.processes import process_for
from tests.servers.processes import free_port


@contextmanager
def collector():
    """Run an OpenTelemetry collector; yield its address and the queue of received requests."""
    received: Queue[tuple[str, bytes]] = Queue()

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self):
            received.put((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", received
    server.shutdown()
    server.server_close()
    telemetry.trace_with(None)


def settings(tmp_path, **values):
    return IntakeSettings(**embedded(tmp_path, "intake", public_url="", clock="system") | values)


def test_spans_are_exported_to_the_collector_with_the_service_name(tmp_path):
    event_id = uuid4()
    with collector() as (address, received):
        setup_observability(settings(tmp_path, otlp_endpoint=address))
        with telemetry.publishing("intake", "intake.application_submitted.v1", event_id):
            pass
        path, body = received.get(timeout=30)
    assert path == "/v1/traces"
    (resource,) = ExportTraceServiceRequest.FromString(body).resource_spans
    names = {one.key: one.value.string_value for one in resource.resource.attributes}
    assert (names["service.namespace"], names["service.name"]) == ("lingjun", "intake")
    assert [span.name for span in resource.scope_spans[0].spans] == ["publish intake.application_submitted.v1"]


def test_metrics_are_served_at_the_configured_address(tmp_path):
    port = free_port()
    setup_observability(settings(tmp_path, metrics_listen=f"127.0.0.1:{port}"))
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        assert b"process_resident_memory_bytes" in answer.read()


def test_the_public_ports_do_not_serve_metrics(tmp_path):
    for kind, make_app in ((IntakeSettings, intake_web.make_app), (PortalSettings, portal_web.make_app)):
        process = process_for(kind, f"sqlite:///{tmp_path / kind.SERVICE}.db", tmp_path)
        prefix = "" if kind is PortalSettings else f"/{kind.SERVICE}"
        assert TestClient(make_app(process)).get(f"{prefix}/metrics").status_code == 404
        process.database.close()


@pytest.mark.parametrize("value", ["", "none"])
def test_an_empty_value_or_none_is_off(tmp_path, value):
    parsed = settings(tmp_path, otlp_endpoint=value, metrics_listen=value)
    assert (parsed.otlp_endpoint, parsed.metrics_listen) == ("", "")


@pytest.mark.parametrize(
    "values", [{"otlp_endpoint": "collector:4318"}, {"metrics_listen": "9464"}, {"metrics_listen": "all:interfaces"}]
)
def test_an_invalid_address_is_refused_with_the_name_of_its_setting(tmp_path, values):
    with pytest.raises(Invalid) as refused:
        settings(tmp_path, **values)
    assert f"LINGJUN_{next(iter(values)).upper()}" in str(refused.value)
