"""Prometheus metrics of this process, every one with a `service` label: a house in one process runs five services.

Counted by the edge, the relay, the consumer and the jobs; served on a port of its own (LINGJUN_METRICS_LISTEN), which the
gateway does not pass on. A label is a name out of the code, never something that came from outside.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from wsgiref.simple_server import WSGIServer

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, func, select

from shared.clock import Clock
from shared.database import Database
from shared.events import CONTRACTS
from shared.messaging.envelope import LETTER, PREFIX
from shared.models import JobRow, OutboxRow

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
_JOB_STATES = ("waiting", "sent", "running", "failed")
DeadLetters = Callable[[Session], int]
_log = structlog.get_logger()


def type_label(event_type: object) -> str:
    """The label of an event type: the contracts' by name, all jobs' dead letters as one, and what else may come as one."""
    if isinstance(event_type, str) and event_type in CONTRACTS:
        return event_type
    return "job" if str(event_type).startswith(LETTER) else "other"


def serve(listen: str) -> WSGIServer:
    """Answers scrapes at `listen` (host:port) from a thread. Raises OSError when the port is taken."""
    host, _, port = listen.rpartition(":")
    server, _thread = start_http_server(int(port), host, REGISTRY)
    return server


@dataclass(frozen=True)
class _Source:
    """A service's database, read at each scrape."""

    service: str
    database: Database
    clock: Clock
    dead_letters: DeadLetters | None


class _Waiting(Collector):
    """What waits in the databases of the buses of this process."""

    def __init__(self) -> None:
        self.sources: list[_Source] = []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        up = GaugeMetricFamily("lingjun_database_up", "Whether the database answered this scrape.", labels=["service"])
        outbox = GaugeMetricFamily("lingjun_outbox_events", "Rows that wait for the broker.", labels=["service"])
        age = GaugeMetricFamily("lingjun_outbox_age_seconds", "Age of the oldest of them.", labels=["service"])
        jobs = GaugeMetricFamily("lingjun_jobs", "Jobs that wait, run or failed for good.", labels=["service", "state"])
        dead = GaugeMetricFamily("lingjun_dead_letters", "Dead letters that wait for somebody.", labels=["service"])
        for source in list(self.sources):
            try:
                with source.database.reader() as session:
                    depth, oldest = _outbox(session, source.clock)
                    by_state = _jobs(session)
                    letters = source.dead_letters(session) if source.dead_letters else None
            except SQLAlchemyError as fault:
                _log.warning("metrics_without_database", service=source.service, reason=type(fault).__name__)
                up.add_metric([source.service], 0)
                continue
            up.add_metric([source.service], 1)
            outbox.add_metric([source.service], depth)
            age.add_metric([source.service], oldest)
            for state in _JOB_STATES:
                jobs.add_metric([source.service, state], by_state.get(state, 0))
            if letters is not None:
                dead.add_metric([source.service], letters)
        yield from (up, outbox, age, jobs, dead)


_WAITING = _Waiting()
REGISTRY.register(_WAITING)


@contextmanager
def waiting_shown(
    service: str, database: Database, clock: Clock, dead_letters: DeadLetters | None = None
) -> Iterator[None]:
    """Inside, scrapes say what waits in the service's database. For the bus, so that one process of a service tells."""
    source = _Source(service, database, clock, dead_letters)
    _WAITING.sources.append(source)
    try:
        yield
    finally:
        _WAITING.sources.remove(source)


def _outbox(session: Session, clock: Clock) -> tuple[int, float]:
    """How many rows wait, and the age of the oldest in seconds, by the time that its envelope says."""
    depth = session.exec(select(func.count()).select_from(OutboxRow)).one()
    oldest = session.exec(select(OutboxRow.headers).order_by(col(OutboxRow.id)).limit(1)).first()
    if oldest is None:
        return depth, 0
    return depth, max((clock.now() - datetime.fromisoformat(oldest[PREFIX + "time"])).total_seconds(), 0)


def _jobs(session: Session) -> dict[str, int]:
    counted = select(JobRow.state, func.count()).where(col(JobRow.state).in_(_JOB_STATES)).group_by(JobRow.state)
    return dict(session.exec(counted).all())
