"""An OTLP receiver over HTTP: what a trace store gets from a process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from shared.observability import telemetry

KINDS = {1: "INTERNAL", 2: "SERVER", 3: "CLIENT", 4: "PRODUCER", 5: "CONSUMER"}


@dataclass(frozen=True)
class Received:
    """A span as it arrived, with the attributes of its process."""

    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str
    start: int
    end: int
    failed: bool
    attributes: dict[str, Any]
    resource: dict[str, Any]


@dataclass
class Receiver:
    """Where the processes export to, and what arrived there."""

    address: str
    spans: list[Received] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    _arrived: threading.Condition = field(default_factory=threading.Condition)

    def take(self, body: bytes) -> None:
        """Read an export request."""
        with self._arrived:
            self.bodies.append(body)
            self.spans += spans_of(ExportTraceServiceRequest.FromString(body))
            self._arrived.notify_all()

    def wait_for(self, name: str, count: int = 1) -> list[Received]:
        """Return all spans as soon as `count` of them have the name. Raises AssertionError if they do not arrive."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: self._number(name) >= count, timeout=30), [s.name for s in self.spans]
            return list(self.spans)

    def _number(self, name: str) -> int:
        return sum(span.name == name for span in self.spans)


def spans_of(request: ExportTraceServiceRequest) -> list[Received]:
    """Return the spans of an export request, each with the attributes of its resource."""
    return [
        Received(
            span.name,
            KINDS[span.kind],
            span.trace_id.hex(),
            span.span_id.hex(),
            span.parent_span_id.hex(),
            span.start_time_unix_nano,
            span.end_time_unix_nano,
            span.status.code == 2,
            _values(span.attributes),
            _values(batch.resource.attributes),
        )
        for batch in request.resource_spans
        for scope in batch.scope_spans
        for span in scope.spans
    ]


def _values(attributes: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Run a receiver inside the block. Tracing is off afterwards."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/v1/traces":
                receiver.take(body)
            self.send_response(200 if self.path == "/v1/traces" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield receiver
    finally:
        telemetry.trace_with(None)
        server.shutdown()
        server.server_close()
