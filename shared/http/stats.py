"""Statistics of a service: outbox, jobs, published and handled events, and the service's domain statistics.

Used for the closing summary of a demo, and to wait until an installation is idle.
"""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Depends
from sqlmodel import Session, func, select

from shared.http.auth import staff
from shared.http.web import Now, ReadingSession
from shared.persistence.audit import find_break
from shared.persistence.models import InboxRow, JobRow, OutboxRow, PublishedEvent, TimerRow
from shared.wiring.registry import SERVICES


def infrastructure_stats(session: Session) -> dict[str, Any]:
    """Return outbox size, jobs by state, published and handled events by type, and the last run of the timer. Cheap:
    polled often."""
    timer = session.get(TimerRow, 1)
    jobs = select(JobRow.state, func.count()).group_by(JobRow.state)
    return {
        "outbox": session.exec(select(func.count()).select_from(OutboxRow)).one(),
        "jobs": dict(session.exec(jobs).all()),
        "published": dict(session.exec(_by_type(PublishedEvent)).all()),
        "heard": dict(session.exec(_by_type(InboxRow)).all()),
        "looked_at": timer.looked_at.isoformat() if timer else None,
    }


def _by_type(table: type[PublishedEvent] | type[InboxRow]) -> Any:
    return select(table.type, func.count()).group_by(table.type)


def stats_router(service: str, domain_stats: Callable[[Session], dict[str, int]]) -> APIRouter:
    """Return the two statistics endpoints below `/<service>/api`, for auditors and administrators. The second one adds
    the domain statistics and verifies the audit chain."""
    router = APIRouter(
        prefix=f"{SERVICES[service].prefix}/api",
        tags=["statistics"],
        dependencies=[Depends(staff("auditor", "administrator"))],
    )

    @router.get("/plumbing")
    def read_infrastructure_statistics(session: ReadingSession, now: Now) -> dict[str, Any]:
        """Return the sizes of the outbox and the job table, and the numbers of published and handled events by type."""
        return infrastructure_stats(session) | {"service": service, "now": now.isoformat()}

    @router.get("/figures")
    def read_statistics(session: ReadingSession, now: Now) -> dict[str, Any]:
        """Return the same, the statistics of the service, and the first break of the audit chain, if any."""
        return read_infrastructure_statistics(session, now) | {
            "audit_break": find_break(session),
            "domain": domain_stats(session),
        }

    return router
