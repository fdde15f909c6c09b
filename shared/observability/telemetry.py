"""Traces by OpenTelemetry, from the request through outbox, broker, handler and job; off, and nearly free, until `trace_with`.

Used by the edge, the outbox, the consumer and the jobs; turned on by shared/runtime/serve.py. A span names types and ids, never a
subject, a path or a message: those may be about people.
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
    """Spans of a service are made by its tracer from now on; None turns them off."""
    global _tracer_of
    _tracer_of = tracer_of


def traceparent() -> str:
    """The span at hand as a W3C traceparent; empty where there is none."""
    carrier: dict[str, str] = {}
    if _tracer_of is not None:
        _W3C.inject(carrier)
    return carrier.get("traceparent", "")


@contextmanager
def serving(service: str, method: str, caller: str) -> Iterator[Span]:
    """The span of an HTTP request. It begins a trace of our own: the caller's traceparent, if any, is linked, because
    whoever calls from outside must not decide what is sampled, nor write into another trace."""
    with _span(service, method, SpanKind.SERVER, {"http.request.method": method}, parent="", linked=caller) as span:
        yield span


@contextmanager
def publishing(service: str, event_type: str, event_id: UUID) -> Iterator[str]:
    """The span of an event that is said, within the span at hand; gives the traceparent that travels with the event."""
    attributes = _messaging("publish", "send", event_type, event_id) | _cloud_event(event_type, event_id)
    with _span(service, f"publish {event_type}", SpanKind.PRODUCER, attributes):
        yield traceparent()


@contextmanager
def handling(service: str, event_type: str, event_id: UUID, parent: str) -> Iterator[None]:
    """The span of an event that is handled, a child of where it was said."""
    attributes = _messaging("process", "process", event_type, event_id) | _cloud_event(event_type, event_id)
    attributes["messaging.consumer.group.name"] = service
    with _span(service, f"process {event_type}", SpanKind.CONSUMER, attributes, parent=parent):
        yield


@contextmanager
def working(service: str, job: str, job_id: UUID, parent: str) -> Iterator[None]:
    """The span of one try of a job, a child of where it was started."""
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
    """`parent` is a traceparent, empty for a new trace, None for the span at hand."""
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
        except Exception as fault:
            # The class alone: a refusal's message may name a person.
            span.set_attribute("error.type", type(fault).__name__)
            span.set_status(StatusCode.ERROR)
            raise


def _remote(given: str) -> Context:
    """The context of a traceparent; an empty one for what is none."""
    return _W3C.extract({"traceparent": given}, context=Context())


def _messaging(name: str, kind: str, destination: str, message_id: UUID) -> dict[str, str]:
    """OpenTelemetry's semantic conventions for messaging; the destination is the routing key, whichever bus carries it."""
    return {
        "messaging.system": "lingjun",
        "messaging.operation.name": name,
        "messaging.operation.type": kind,
        "messaging.destination.name": destination,
        "messaging.message.id": str(message_id),
    }


def _cloud_event(event_type: str, event_id: UUID) -> dict[str, str]:
    return {"cloudevents.event_id": str(event_id), "cloudevents.event_type": event_type}
