"""Tracers that export spans: one per service over one processor, so that standalone mode keeps its services apart.

Used by shared/runtime/serve.py when a collector is configured, and by tests. OpenTelemetry's own environment variables
(OTEL_TRACES_SAMPLER, OTEL_EXPORTER_OTLP_HEADERS, …) apply.
"""

from functools import cache

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_NAMESPACE, Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Tracer

from shared.observability.telemetry import TracerOf

_EVERY_MILLIS = 1000


def tracers(endpoint: str) -> TracerOf:
    """Return tracers that export to the OTLP collector at `endpoint`, in batches, from a thread. Spans that fail are
    dropped."""
    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
    return tracers_over(BatchSpanProcessor(exporter, schedule_delay_millis=_EVERY_MILLIS))


def tracers_over(processor: SpanProcessor) -> TracerOf:
    """Return tracers that pass all spans to `processor`."""

    @cache
    def tracer_of(service: str) -> Tracer:
        provider = TracerProvider(resource=Resource.create({SERVICE_NAMESPACE: "lingjun", SERVICE_NAME: service}))
        provider.add_span_processor(processor)
        return provider.get_tracer("lingjun")

    return tracer_of
