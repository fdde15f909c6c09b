"""Reads the services' rows and the bus at the end of a run, for the comparison. Called by run.py and the tests."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes
from pathlib import Path
from typing import Any, Literal

import aio_pika
from sqlmodel import Session, col, select

from services.billing.models import FeeAccount
from services.intake.jobs import SendConsentRequest
from services.intake.models import Application
from services.portal.models import DeadLetter, Occurrence
from services.review.models import Case
from shared.events.intake import ApplicationSubmitted
from shared.foundation.retries import DELIVERY_DELAYS
from shared.http.stats import infrastructure_stats
from shared.persistence.audit import find_break
from shared.persistence.database import Database
from shared.persistence.models import InboxRow, JobRow
from shared.wiring.registry import topology

SUBMITTED = ApplicationSubmitted.TYPE
SUBSCRIBERS = tuple(queue for queue, types in topology().items() if SUBMITTED in types)


@dataclass(frozen=True)
class Place:
    """How often each application occurs in one place. `key`: the ledger field that identifies it there."""

    key: Literal["platform_no", "application_id", "email"]
    found: Counter[str]


@dataclass
class Evidence:
    """The places of each application and the times at which it was handled there."""

    places: dict[str, Place] = field(default_factory=dict)
    done_at: dict[str, dict[str, float]] = field(default_factory=dict)
    dead: list[str] = field(default_factory=list)
    failed_jobs: list[str] = field(default_factory=list)
    broken_audits: list[str] = field(default_factory=list)


def collect_evidence(databases: Mapping[str, Database], mail: Path) -> Evidence:
    """Read the rows of intake, review, billing and portal, the jobs and audits of all services, and the mails."""
    evidence = Evidence()
    for service, database in databases.items():
        with database.reader() as session:
            if service in ROWS:
                title, key, rows = ROWS[service]
                evidence.places[title] = Place(key, Counter(map(str, session.exec(rows).all())))
            if service in SUBSCRIBERS:
                handled = select(InboxRow.subject, InboxRow.handled_at).where(InboxRow.type == SUBMITTED)
                evidence.done_at[service] = _moments(session, handled)
            if service == "intake":
                _read_notice_jobs(session, evidence)
            if service == "portal":
                evidence.dead += [
                    f"{row.queue}: {row.type} {row.reason}" for row in session.exec(select(DeadLetter)).all()
                ]
            failed = session.exec(select(JobRow).where(JobRow.state == "failed")).all()
            evidence.failed_jobs += [f"{service}: {row.name} {row.outcome}" for row in failed]
            if (broken := find_break(session)) is not None:
                evidence.broken_audits.append(f"{service}: row {broken}")
    evidence.places["mails to the students"] = Place("email", _mails_by_recipient(mail))
    return evidence


ROWS: dict[str, tuple[str, Literal["platform_no", "application_id"], Any]] = {
    "intake": ("intake's applications", "platform_no", select(Application.platform_no)),
    "review": ("review's cases", "platform_no", select(Case.platform_no)),
    "billing": ("billing's fee accounts", "application_id", select(FeeAccount.application_id)),
    "portal": (
        "the portal's timelines",
        "application_id",
        select(Occurrence.subject).where(Occurrence.type == SUBMITTED),
    ),
}


def infrastructure(databases: Mapping[str, Database]) -> dict[str, dict[str, Any]]:
    """Return each service's statistics of its outbox, jobs, published and handled events."""
    stats = {}
    for service, database in databases.items():
        with database.reader() as session:
            # With the system clock deadlines recur forever, so leave out when they were last checked.
            stats[service] = infrastructure_stats(session) | {"now": "", "looked_at": ""}
    return stats


def waiting_messages(broker_url: str) -> dict[str, int]:
    """Return the number of messages per non-empty queue: service queues, retry queues and the dead-letter queue."""
    retries = [f"{queue}.retry.{pause.total_seconds():g}s" for queue in topology() for pause in DELIVERY_DELAYS]
    names = [f"lingjun.{name}" for name in (*topology(), *retries, "dead")]

    async def count() -> dict[str, int]:
        connection = await aio_pika.connect(broker_url, timeout=10)
        async with connection, connection.channel() as channel:
            counts = {}
            for name in names:
                queue = await channel.declare_queue(name, passive=True)
                counts[name] = queue.declaration_result.message_count or 0
            return {name: number for name, number in counts.items() if number}

    return asyncio.run(count())


def _read_notice_jobs(session: Session, evidence: Evidence) -> None:
    jobs = session.exec(select(JobRow).where(JobRow.name == SendConsentRequest.NAME, col(JobRow.state) == "done")).all()
    ids = Counter(str(row.payload["application_id"]) for row in jobs)
    evidence.places["jobs of the notices"] = Place("application_id", ids)
    evidence.done_at["notice"] = {str(row.payload["application_id"]): _seconds(row.ended_at) for row in jobs}


def _moments(session: Session, rows: Any) -> dict[str, float]:
    return {str(subject): _seconds(moment) for subject, moment in session.exec(rows).all()}


def _seconds(moment: datetime | None) -> float:
    assert moment is not None
    return moment.timestamp()


def _mails_by_recipient(folder: Path) -> Counter[str]:
    return Counter(str(message_from_bytes(path.read_bytes())["To"]) for path in folder.glob("*.eml"))
