"""Tracers that export spans: one per service over one processor, so that standalone mode keeps its services apart.

Used by shared/runtime/serve.py when a collector is configured, and by tests. OpenTelemetry's own environment variables
(OTEL_TRACES_SAMPLER, OTEL_EXPORTER_OTLP_HEADERS, …) apply.
"""

from functools import cache
from uuid import uuid4

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_INSTANCE_ID, SERVICE_NAME, SERVICE_NAMESPACE, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Tracer

from shared import VERSION
from shared.observability.telemetry import TracerOf

# The conventions name no attribute for what a process of a service does.
ROLE = "lingjun.process.role"
_EVERY_MILLIS = 1000


def tracers(endpoint: str, role: str) -> TracerOf:
    """Return tracers that export to the OTLP collector at `endpoint`, in batches, from a thread. Spans that fail are
    dropped. `role`: web, bus, worker or standalone."""
    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
    return tracers_over(BatchSpanProcessor(exporter, schedule_delay_millis=_EVERY_MILLIS), role)


def tracers_over(processor: SpanProcessor, role: str) -> TracerOf:
    """Return tracers that pass all spans to `processor`."""
    process = {
        SERVICE_NAMESPACE: "lingjun",
        SERVICE_VERSION: VERSION,
        SERVICE_INSTANCE_ID: str(uuid4()),
        ROLE: role,
    }

    @cache
    def tracer_of(service: str) -> Tracer:
        provider = TracerProvider(resource=Resource.create(process | {SERVICE_NAME: service}))
        provider.add_span_processor(processor)
        return provider.get_tracer("lingjun", VERSION)

    return tracer_of
