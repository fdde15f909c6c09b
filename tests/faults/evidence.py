"""What the services' rows and the bus say at the end, to be held against the ledger. Called by run.py and the tests."""

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
from shared.events.subscriptions import topology
from shared.http.stats import audit_break, infrastructure_stats
from shared.messaging.transport import RETRY_DELAYS
from shared.persistence.database import Database
from shared.persistence.models import InboxRow, JobRow

SUBMITTED = ApplicationSubmitted.TYPE
HEARERS = tuple(queue for queue, types in topology().items() if SUBMITTED in types)


@dataclass(frozen=True)
class Place:
    """How often each application appears somewhere, by that field of its entry in the ledger."""

    key: Literal["platform_no", "application_id", "email"]
    found: Counter[str]


@dataclass
class Evidence:
    """Where each application appears, and when it was done there."""

    places: dict[str, Place] = field(default_factory=dict)
    done_at: dict[str, dict[str, float]] = field(default_factory=dict)
    dead: list[str] = field(default_factory=list)
    failed_jobs: list[str] = field(default_factory=list)
    broken_audits: list[str] = field(default_factory=list)


def look(databases: Mapping[str, Database], mail: Path) -> Evidence:
    """Reads the rows of intake, review, billing and portal, every service's jobs and audit, and the letters."""
    found = Evidence()
    for service, database in databases.items():
        with database.reader() as session:
            if service in ROWS:
                title, key, rows = ROWS[service]
                found.places[title] = Place(key, Counter(map(str, session.exec(rows).all())))
            if service in HEARERS:
                heard = select(InboxRow.subject, InboxRow.handled_at).where(InboxRow.type == SUBMITTED)
                found.done_at[service] = _moments(session, heard)
            if service == "intake":
                _look_at_notices(session, found)
            if service == "portal":
                found.dead += [
                    f"{row.queue}: {row.type} {row.reason}" for row in session.exec(select(DeadLetter)).all()
                ]
            failed = session.exec(select(JobRow).where(JobRow.state == "failed")).all()
            found.failed_jobs += [f"{service}: {row.name} {row.outcome}" for row in failed]
            if (broken := audit_break(session)) is not None:
                found.broken_audits.append(f"{service}: row {broken}")
    found.places["letters to the students"] = Place("email", _letters(mail))
    return found


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
    """Each service's own figures of what waits, was said and was heard."""
    found = {}
    for service, database in databases.items():
        with database.reader() as session:
            # Deadlines come round for ever by the system's clock; whether they were looked at says nothing here.
            found[service] = infrastructure_stats(session) | {"now": "", "looked_at": ""}
    return found


def waiting_messages(broker_url: str) -> dict[str, int]:
    """Messages that wait in the services' queues, on the retry ladders and with the dead letters; empty queues left out."""
    retries = [f"{queue}.retry.{pause.total_seconds():g}s" for queue in topology() for pause in RETRY_DELAYS]
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


def _look_at_notices(session: Session, found: Evidence) -> None:
    jobs = session.exec(select(JobRow).where(JobRow.name == SendConsentRequest.NAME, col(JobRow.state) == "done")).all()
    ids = Counter(str(row.payload["application_id"]) for row in jobs)
    found.places["jobs of the notices"] = Place("application_id", ids)
    found.done_at["notice"] = {str(row.payload["application_id"]): _seconds(row.ended_at) for row in jobs}


def _moments(session: Session, rows: Any) -> dict[str, float]:
    return {str(subject): _seconds(moment) for subject, moment in session.exec(rows).all()}


def _seconds(moment: datetime | None) -> float:
    assert moment is not None
    return moment.timestamp()


def _letters(folder: Path) -> Counter[str]:
    return Counter(str(message_from_bytes(path.read_bytes())["To"]) for path in folder.glob("*.eml"))
