"""Gauges of the outbox rows, jobs and dead letters that wait in a service's database. Queried at each scrape.

Only the bus process of a service exports them, so that each service reports once.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import structlog
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, func, select

from shared.events.envelope import PREFIX
from shared.foundation.clock import Clock
from shared.observability.metrics import REGISTRY
from shared.persistence.database import Database
from shared.persistence.models import JobRow, OutboxRow

_JOB_STATES = ("waiting", "sent", "running", "failed")
DeadLetters = Callable[[Session], int]
_log = structlog.get_logger()


@dataclass(frozen=True)
class _Source:
    """A service's database, queried at each scrape."""

    service: str
    database: Database
    clock: Clock
    dead_letters: DeadLetters | None


class _Waiting(Collector):
    """The gauges of all buses of this process."""

    def __init__(self) -> None:
        self.sources: list[_Source] = []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        up = GaugeMetricFamily("lingjun_database_up", "Whether the database answered this scrape.", labels=["service"])
        outbox = GaugeMetricFamily("lingjun_outbox_events", "Rows that wait for the broker.", labels=["service"])
        age = GaugeMetricFamily("lingjun_outbox_age_seconds", "Age of the oldest of them.", labels=["service"])
        jobs = GaugeMetricFamily("lingjun_jobs", "Jobs that wait, run or failed for good.", labels=["service", "state"])
        dead = GaugeMetricFamily(
            "lingjun_dead_letters", "Dead letters that wait for a replay or a dismissal.", labels=["service"]
        )
        for source in list(self.sources):
            try:
                with source.database.reader() as session:
                    depth, oldest = _outbox(session, source.clock)
                    by_state = _jobs(session)
                    dead_letters = source.dead_letters(session) if source.dead_letters else None
            except SQLAlchemyError as error:
                _log.warning("metrics_without_database", service=source.service, reason=type(error).__name__)
                up.add_metric([source.service], 0)
                continue
            up.add_metric([source.service], 1)
            outbox.add_metric([source.service], depth)
            age.add_metric([source.service], oldest)
            for state in _JOB_STATES:
                jobs.add_metric([source.service, state], by_state.get(state, 0))
            if dead_letters is not None:
                dead.add_metric([source.service], dead_letters)
        yield from (up, outbox, age, jobs, dead)


_WAITING = _Waiting()
REGISTRY.register(_WAITING)


@contextmanager
def export_waiting(
    service: str, database: Database, clock: Clock, dead_letters: DeadLetters | None = None
) -> Iterator[None]:
    """Export the gauges of the service's database while the context is open. Called by the bus."""
    source = _Source(service, database, clock, dead_letters)
    _WAITING.sources.append(source)
    try:
        yield
    finally:
        _WAITING.sources.remove(source)


def _outbox(session: Session, clock: Clock) -> tuple[int, float]:
    """Return the number of rows, and the age of the oldest in seconds, by the time in its envelope."""
    depth = session.exec(select(func.count()).select_from(OutboxRow)).one()
    oldest = session.exec(select(OutboxRow.headers).order_by(col(OutboxRow.id)).limit(1)).first()
    if oldest is None:
        return depth, 0
    return depth, max((clock.now() - datetime.fromisoformat(oldest[PREFIX + "time"])).total_seconds(), 0)


def _jobs(session: Session) -> dict[str, int]:
    counted = select(JobRow.state, func.count()).where(col(JobRow.state).in_(_JOB_STATES)).group_by(JobRow.state)
    return dict(session.exec(counted).all())
