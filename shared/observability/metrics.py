"""Prometheus metrics of this process, every one with a `service` label: a house in one process runs five services.

Counted by the edge, the relay, the consumer and the jobs; served on a port of its own (LINGJUN_METRICS_LISTEN), which the
gateway does not pass on. A label is a name out of the code, never something that came from outside.
"""

from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, start_http_server
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from shared.events import CONTRACTS
from shared.events.envelope import JOB_DEAD_LETTER

# Half as many series again, which say only since when a counter counts.
disable_created_metrics()
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
    "Events and buried jobs that left the outbox (confirmed), or were not accepted by the broker (refused).",
    ["service", "type", "outcome"],
    registry=REGISTRY,
)
HANDLED = Counter(
    "lingjun_heard_events",
    "Deliveries by what came of them: handled, stale, known, unknown (of a type nobody here handles), retried, buried.",
    ["service", "type", "outcome"],
    registry=REGISTRY,
)
HANDLING = Histogram(
    "lingjun_handling_seconds",
    "Time that a handler took.",
    ["service", "type"],
    buckets=_FAST,
    registry=REGISTRY,
)
LAG = Histogram(
    "lingjun_event_lag_seconds",
    "From the event's time to the commit of its effects; business time, which stands still in a demo.",
    ["service"],
    buckets=_LONG,
    registry=REGISTRY,
)
JOBS = Histogram(
    "lingjun_job_seconds",
    "Tries of jobs by outcome (done, retried, failed, or left to who took them up meanwhile), with their duration.",
    ["service", "job", "outcome"],
    buckets=_LONG,
    registry=REGISTRY,
)


def type_label(event_type: object) -> str:
    """The label of an event type: the contracts' by name, all jobs' dead letters as one, and what else may come as one."""
    if isinstance(event_type, str) and event_type in CONTRACTS:
        return event_type
    return "job" if str(event_type).startswith(JOB_DEAD_LETTER) else "other"


def serve(listen: str) -> WSGIServer:
    """Answers scrapes at `listen` (host:port) from a thread. Raises OSError when the port is taken."""
    host, _, port = listen.rpartition(":")
    server, _thread = start_http_server(int(port), host, REGISTRY)
    return server
