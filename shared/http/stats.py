"""The plumbing's own numbers of one service: what waits, what was said and heard. For the closing summary and for waiting
until the house is quiet; each service adds its domain's figures.
"""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Depends
from sqlmodel import Session, col, func, select

from shared.http.auth import staff
from shared.http.web import Now, ReadingSession, prefix_of
from shared.persistence.audit import first_break
from shared.persistence.models import AuditHead, AuditRow, InboxRow, JobRow, OutboxRow, PublishedEvent, TimerRow


def infrastructure_stats(session: Session) -> dict[str, Any]:
    """Outbox size, jobs by state, published and heard events by type, and when the timer last looked. Cheap: asked often."""
    timer = session.get(TimerRow, 1)
    jobs = select(JobRow.state, func.count()).group_by(JobRow.state)
    return {
        "outbox": session.exec(select(func.count()).select_from(OutboxRow)).one(),
        "jobs": dict(session.exec(jobs).all()),
        "published": dict(session.exec(_by_type(PublishedEvent)).all()),
        "heard": dict(session.exec(_by_type(InboxRow)).all()),
        "looked_at": timer.looked_at.isoformat() if timer else None,
    }


def audit_break(session: Session) -> int | None:
    """The id at which the audit chain breaks, or None."""
    rows = session.exec(select(AuditRow).order_by(col(AuditRow.id)).execution_options(yield_per=500))
    return first_break(rows, session.get_one(AuditHead, 1))


def _by_type(table: type[PublishedEvent] | type[InboxRow]) -> Any:
    return select(table.type, func.count()).group_by(table.type)


def stats_router(service: str, domain_stats: Callable[[Session], dict[str, int]]) -> APIRouter:
    """`GET /<service>/api/plumbing` and `/figures`, which adds the domain's and checks the audit chain, for the auditor and
    the administrator."""
    router = APIRouter(prefix=f"{prefix_of(service)}/api", dependencies=[Depends(staff("auditor", "administrator"))])

    @router.get("/plumbing")
    def infrastructure(session: ReadingSession, now: Now) -> dict[str, Any]:
        return infrastructure_stats(session) | {"service": service, "now": now.isoformat()}

    @router.get("/figures")
    def stats(session: ReadingSession, now: Now) -> dict[str, Any]:
        return infrastructure(session, now) | {"audit_break": audit_break(session), "domain": domain_stats(session)}

    return router
