"""Prometheus metrics of this process. All have a `service` label, because in standalone mode one process runs five
services.

Updated by the HTTP middleware, the relay, the consumer and the jobs. Served on a separate port
(LINGJUN_METRICS_LISTEN), which the gateway does not expose. Label values are names from the code, never input from
outside.
"""

from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, start_http_server
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from shared.events import CONTRACTS
from shared.events.envelope import JOB_DEAD_LETTER

# The `_created` series would add half as many series again, and only show when a counter was created.
disable_created_metrics()  # type: ignore[no-untyped-call]
REGISTRY = CollectorRegistry()
for _kind in (ProcessCollector, PlatformCollector, GCCollector):
    _kind(registry=REGISTRY)

_FAST = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_LONG = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 15, 60, 300, 900, 3600)

REQUESTS = Histogram(
    "lingjun_http_request_seconds",
    "HTTP requests by route template and status, with their duration.",
    ["service", "method", "route", "status"],
    buckets=_FAST,
    registry=REGISTRY,
)
RELAYED = Counter(
    "lingjun_relayed_events",
    "Events and dead letters of jobs that left the outbox (confirmed), or were not accepted by the broker (refused).",
    ["service", "type", "outcome"],
    registry=REGISTRY,
)
HANDLED = Counter(
    "lingjun_heard_events",
    "Deliveries by outcome: handled, stale, known, unknown (no handler for the type), retried, buried (dead-lettered).",
    ["service", "type", "outcome"],
    registry=REGISTRY,
)
HANDLING = Histogram(
    "lingjun_handling_seconds",
    "Duration of a handler.",
    ["service", "type"],
    buckets=_FAST,
    registry=REGISTRY,
)
LAG = Histogram(
    "lingjun_event_lag_seconds",
    "From the event's time to the commit of its effects, in business time, which stands still in a demo.",
    ["service"],
    buckets=_LONG,
    registry=REGISTRY,
)
JOBS = Histogram(
    "lingjun_job_seconds",
    "Attempts of jobs by outcome (done, retried, failed, or left to another worker), with their duration.",
    ["service", "job", "outcome"],
    buckets=_LONG,
    registry=REGISTRY,
)


WAITING_FOR_DATABASE = Gauge(
    "lingjun_waiting_for_database",
    "Batches of events and jobs that wait because the database is away, a replica, or full.",
    ["service"],
    registry=REGISTRY,
)


def type_label(event_type: object) -> str:
    """Return the label of an event type: its name if it has a contract, "job" for dead letters of jobs, "other" for the
    rest."""
    if isinstance(event_type, str) and event_type in CONTRACTS:
        return event_type
    return "job" if str(event_type).startswith(JOB_DEAD_LETTER) else "other"


def serve(listen: str) -> WSGIServer:
    """Serve the metrics at `listen` (host:port) from a thread. Raises OSError when the port is in use."""
    host, _, port = listen.rpartition(":")
    server, _thread = start_http_server(int(port), host, REGISTRY)
    return server
