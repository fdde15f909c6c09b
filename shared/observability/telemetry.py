"""OpenTelemetry traces, from the request through outbox, broker, handler and job. Off, and nearly free, until
`trace_with`.

Used by the HTTP middleware, the outbox, the relay, the consumer, the jobs, the database and the mailer; enabled by
shared/runtime/serve.py. Names and attributes follow OpenTelemetry's semantic conventions. Spans contain types and ids,
never subjects, paths, addresses, parameters or messages, which may be personal data.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID

from opentelemetry.context import Context
from opentelemetry.trace import INVALID_SPAN, Link, Span, SpanKind, StatusCode, Tracer, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

TracerOf = Callable[[str], Tracer]
Attributes = Mapping[str, str | int]
_W3C = TraceContextTextMapPropagator()


@dataclass(frozen=True)
class Bus:
    """What carries the messages. The embedded bus is a file: it has neither an exchange nor an address."""

    system: str = "embedded"
    exchange: str = ""
    address: str = ""
    port: int = 0

    def sent_to(self, routing_key: str) -> Attributes:
        """Attributes of a message on its way to the exchange."""
        return self._attributes(":".join(filter(None, (self.exchange, routing_key))), routing_key)

    def received_from(self, queue: str, routing_key: str) -> Attributes:
        """Attributes of a message that came through the exchange to a queue."""
        if not self.exchange:
            return self.at(queue)
        return self._attributes(f"{self.exchange}:{routing_key}:lingjun.{queue}", routing_key)

    def at(self, queue: str) -> Attributes:
        """Attributes of a message that is in a queue without having passed the exchange."""
        name = f"lingjun.{queue}" if self.exchange else queue
        return self._attributes(name, name)

    def _attributes(self, destination: str, routing_key: str) -> Attributes:
        attributes: dict[str, str | int] = {
            "messaging.system": self.system,
            "messaging.destination.name": destination,
        }
        if self.exchange:
            attributes["messaging.rabbitmq.destination.routing_key"] = routing_key
            attributes |= {"server.address": self.address, "server.port": self.port}
        return attributes


_tracer_of: TracerOf | None = None
_bus = Bus()
# The service whose work the current span is: the spans of its statements and mails belong to it too.
_service: ContextVar[str] = ContextVar("traced_service", default="")


def trace_with(tracer_of: TracerOf | None, bus: Bus | None = None) -> None:
    """Create the spans of each service with the tracer that `tracer_of` returns; None disables tracing. `bus`: what
    carries this process's messages."""
    global _tracer_of, _bus
    _tracer_of, _bus = tracer_of, bus or Bus()


def is_on() -> bool:
    """Return whether this process creates spans."""
    return _tracer_of is not None


def traceparent() -> str:
    """Return the current span as a W3C traceparent; empty if there is none."""
    carrier: dict[str, str] = {}
    if _tracer_of is not None:
        _W3C.inject(carrier)
    return carrier.get("traceparent", "")


@contextmanager
def serving(service: str, method: str, caller: str) -> Iterator[Span]:
    """Span of an HTTP request. It starts a new trace and links the caller's traceparent, because an outside caller must
    neither decide what is sampled nor write into another trace."""
    with _span(service, method, SpanKind.SERVER, {"http.request.method": method}, parent="", linked=caller) as span:
        yield span


@contextmanager
def creating(service: str, event_type: str, event_id: UUID) -> Iterator[str]:
    """Span of the creation of an event, a child of the current span. Yields the traceparent to send with the event."""
    if _tracer_of is None:
        yield ""
        return
    attributes = _message("create", event_id, _bus.sent_to(event_type)) | _cloud_event(event_type, event_id)
    with _span(service, _name(attributes), SpanKind.PRODUCER, attributes):
        yield traceparent()


def relayed(service: str, parent: str, message: Attributes, *, moments: tuple[int, int, int], is_refused: bool) -> None:
    """Spans of a message's wait in the outbox and of its publication, children of its creation. `moments`: when it was
    written (0 if unknown), read and confirmed, in nanoseconds. A refused message still waits."""
    if _tracer_of is None:
        return
    written, read, confirmed = moments
    tracer, context = _tracer_of(service), _remote(parent)
    if written and not is_refused:
        identity = {"messaging.message.id": message["messaging.message.id"]}
        tracer.start_span("outbox", context, attributes=identity, start_time=written).end(max(read, written))
    span = tracer.start_span(_name(message), context, SpanKind.CLIENT, dict(message), start_time=read)
    if is_refused:
        span.set_attribute("error.type", "refused")
        span.set_status(StatusCode.ERROR)
    span.end(confirmed)


def published(event_type: str, event_id: UUID, queue: str = "") -> Attributes:
    """Attributes of the publication of a message: through the exchange, or directly to a queue."""
    carried = _bus.at(queue) if queue else _bus.sent_to(event_type)
    return _message("publish", event_id, carried, kind="send") | _cloud_event(event_type, event_id)


@contextmanager
def handling(service: str, event_type: str, event_id: UUID, parent: str) -> Iterator[None]:
    """Span of a handled event. `parent`: the traceparent of its creation."""
    if _tracer_of is None:
        yield
        return
    carried = _bus.received_from(service, event_type)
    attributes = _message("process", event_id, carried) | _cloud_event(event_type, event_id)
    with _span(service, _name(attributes), SpanKind.CONSUMER, attributes, parent=parent):
        yield


@contextmanager
def working(service: str, job: str, job_id: UUID, parent: str) -> Iterator[None]:
    """Span of one attempt of a job. `parent`: the traceparent of the span that enqueued it. Its name is the job's,
    because one queue carries all jobs of a service."""
    attributes = _message("process", job_id, _bus.at(f"{service}.jobs"))
    with _span(service, f"process job.{job}", SpanKind.CONSUMER, attributes, parent=parent):
        yield


def started_call(name: str, attributes: Attributes) -> Span:
    """Start the span of a call to a server, inside the current span; the caller ends it. Without a current span there is
    none: what the processes poll for would fill the store."""
    if _tracer_of is None or not get_current_span().is_recording():
        return INVALID_SPAN
    return _tracer_of(_service.get()).start_span(name, kind=SpanKind.CLIENT, attributes=dict(attributes))


@contextmanager
def calling(name: str, attributes: Attributes) -> Iterator[None]:
    """Span of a call to a server, see `started_call`."""
    span = started_call(name, attributes)
    try:
        yield
    except Exception as error:
        failed(span, error)
        raise
    finally:
        span.end()


def failed(span: Span, error: BaseException) -> None:
    """Mark a span as failed, by the class of the error only: the message of a refusal may name a person."""
    span.set_attribute("error.type", type(error).__name__)
    span.set_status(StatusCode.ERROR)


@contextmanager
def _span(
    service: str,
    name: str,
    kind: SpanKind,
    attributes: Attributes,
    *,
    parent: str | None = None,
    linked: str = "",
) -> Iterator[Span]:
    """`parent`: a traceparent; empty for a new trace, None for the current span."""
    if _tracer_of is None:
        yield INVALID_SPAN
        return
    token = _service.set(service)
    with _tracer_of(service).start_as_current_span(
        name,
        context=None if parent is None else _remote(parent),
        kind=kind,
        attributes=dict(attributes),
        links=[Link(get_current_span(_remote(linked)).get_span_context())] if linked else None,
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        try:
            yield span
        except Exception as error:
            failed(span, error)
            raise
        finally:
            _service.reset(token)


def _remote(parent: str) -> Context:
    """Return the context of a traceparent; empty if `parent` is none."""
    return _W3C.extract({"traceparent": parent}, context=Context())


def _name(attributes: Attributes) -> str:
    return f"{attributes['messaging.operation.name']} {attributes['messaging.destination.name']}"


def _message(name: str, message_id: object, carried: Attributes, *, kind: str = "") -> dict[str, str | int]:
    operation = {"messaging.operation.name": name, "messaging.operation.type": kind or name}
    return {**operation, **carried, "messaging.message.id": str(message_id)}


def _cloud_event(event_type: str, event_id: object) -> dict[str, str | int]:
    return {"cloudevents.event_id": str(event_id), "cloudevents.event_type": event_type}
