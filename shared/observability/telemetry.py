"""OpenTelemetry traces, from the request through outbox, broker, handler and job. Off, and nearly free, until
`trace_with`.

Used by the HTTP middleware, the outbox, the consumer and the jobs; enabled by shared/runtime/serve.py. Spans contain
types and ids, never subjects, paths or messages, which may be personal data.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from uuid import UUID

from opentelemetry.context import Context
from opentelemetry.trace import INVALID_SPAN, Link, Span, SpanKind, StatusCode, Tracer, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

TracerOf = Callable[[str], Tracer]
_W3C = TraceContextTextMapPropagator()
_tracer_of: TracerOf | None = None


def trace_with(tracer_of: TracerOf | None) -> None:
    """Create the spans of each service with the tracer that `tracer_of` returns; None disables tracing."""
    global _tracer_of
    _tracer_of = tracer_of


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
def publishing(service: str, event_type: str, event_id: UUID) -> Iterator[str]:
    """Span of a published event, a child of the current span. Yields the traceparent to send with the event."""
    attributes = _messaging("publish", "send", event_type, event_id) | _cloud_event(event_type, event_id)
    with _span(service, f"publish {event_type}", SpanKind.PRODUCER, attributes):
        yield traceparent()


@contextmanager
def handling(service: str, event_type: str, event_id: UUID, parent: str) -> Iterator[None]:
    """Span of a handled event. `parent`: the traceparent of its publication."""
    attributes = _messaging("process", "process", event_type, event_id) | _cloud_event(event_type, event_id)
    attributes["messaging.consumer.group.name"] = service
    with _span(service, f"process {event_type}", SpanKind.CONSUMER, attributes, parent=parent):
        yield


@contextmanager
def working(service: str, job: str, job_id: UUID, parent: str) -> Iterator[None]:
    """Span of one attempt of a job. `parent`: the traceparent of the span that enqueued it."""
    name = f"job.{job}"
    attributes = _messaging("process", "process", name, job_id)
    with _span(service, f"process {name}", SpanKind.CONSUMER, attributes, parent=parent):
        yield


@contextmanager
def _span(
    service: str,
    name: str,
    kind: SpanKind,
    attributes: Mapping[str, str],
    *,
    parent: str | None = None,
    linked: str = "",
) -> Iterator[Span]:
    """`parent`: a traceparent; empty for a new trace, None for the current span."""
    if _tracer_of is None:
        yield INVALID_SPAN
        return
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
            # Only the class: the message of a refusal may name a person.
            span.set_attribute("error.type", type(error).__name__)
            span.set_status(StatusCode.ERROR)
            raise


def _remote(parent: str) -> Context:
    """Return the context of a traceparent; empty if `parent` is none."""
    return _W3C.extract({"traceparent": parent}, context=Context())


def _messaging(name: str, kind: str, destination: str, message_id: UUID) -> dict[str, str]:
    """Attributes by OpenTelemetry's semantic conventions for messaging. The destination is the routing key, on both
    buses."""
    return {
        "messaging.system": "lingjun",
        "messaging.operation.name": name,
        "messaging.operation.type": kind,
        "messaging.destination.name": destination,
        "messaging.message.id": str(message_id),
    }


def _cloud_event(event_type: str, event_id: UUID) -> dict[str, str]:
    return {"cloudevents.event_id": str(event_id), "cloudevents.event_type": event_type}
