"""File applications in batches (notice, clause 5). Called by api/batching.py, one transaction per batch."""

from collections.abc import Collection, Mapping, Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlmodel import col, select

from services.intake.actions.content import Scan, scans_of, sealed_content
from services.intake.actions.references import References
from services.intake.actions.uniqueness import existing_filings
from services.intake.errors import UnknownProgramme
from services.intake.jobs import SendConsentRequest
from services.intake.models import (
    Application,
    Consent,
    PlatformClient,
    ProgrammeRow,
)
from services.intake.rules.applications import check_application, check_window
from services.intake.schemas import ApplicationIn
from services.intake.states import ApplicationState, Outcome
from shared.adapters.keyring import KeyRing
from shared.events.intake import ApplicationSubmitted, Programme
from shared.foundation.errors import Invalid, Joined, Refusal
from shared.jobs.job import enqueue
from shared.persistence.bulk_insert import Row, detached_row
from shared.persistence.columns import for_update
from shared.persistence.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class Filing:
    """One application with its client.

    `context` is the contextvars context of the request: events and audit records carry its correlation id and trace.
    """

    body: ApplicationIn
    client: PlatformClient
    actor: str
    context: Context = field(default_factory=copy_context)


def file_applications(
    uow: UnitOfWork, filings: Sequence[Filing], *, now: datetime, keys: KeyRing
) -> list[Application | Refusal]:
    """File applications in the given order (notice, clause 5) and return each row, or the Refusal.

    Publish ApplicationSubmitted for each and ask the students to confirm. Each person may file
    once per programme, and each client may use a platform number once. A refused application writes nothing and does
    not affect the others. api/batching.py handles repeated requests (idempotency keys).
    """
    rows = _locked_programmes(uow, {filing.body.programme for filing in filings})
    programmes = {code: Programme.model_validate(row.data) for code, row in rows.items()}
    scans = scans_of(uow, [filing.body for filing in filings])
    results = [
        filing.context.run(_content_or_refusal, filing, programmes, scans, now=now, keys=keys) for filing in filings
    ]
    contents = [one for one in results if isinstance(one, dict)]
    existing = existing_filings(
        uow, [filing.body for filing in filings], contents, clients=[filing.client for filing in filings]
    )
    references = References(uow.session)
    filed: list[Row | Refusal] = []
    for filing, content in zip(filings, results, strict=True):
        if isinstance(content, dict):
            programme = programmes[filing.body.programme]
            if refusal := existing.refusal(filing.body, content, programme, client=filing.client):
                filed.append(refusal)
                continue
            filed.append(_filed(filing, content, rows[programme.code], references.next(programme), now=now))
        else:
            filed.append(content)
    accepted = [(filing, row) for filing, row in zip(filings, filed, strict=True) if isinstance(row, dict)]
    uow.bulk_insert(Application, [row for _filing, row in accepted])
    record_consents(uow, [(row["id"], filing.body) for filing, row in accepted])
    outcomes = [one if isinstance(one, Refusal) else detached_row(Application, one) for one in filed]
    for filing, outcome in zip(filings, outcomes, strict=True):
        if isinstance(outcome, Application):
            filing.context.run(_record, uow, filing, outcome, now=now)
    return outcomes


def _locked_programmes(uow: UnitOfWork, codes: Collection[str]) -> dict[str, ProgrammeRow]:
    """Lock the programmes' rows in code order, to avoid deadlocks: they hold the serial numbers."""
    query = for_update(select(ProgrammeRow).where(col(ProgrammeRow.code).in_(codes)).order_by(ProgrammeRow.code))
    return {row.code: row for row in uow.session.exec(query.execution_options(populate_existing=True)).all()}


def _content_or_refusal(
    filing: Filing,
    programmes: Mapping[str, Programme],
    scans: Mapping[UUID, Scan],
    *,
    now: datetime,
    keys: KeyRing,
) -> dict[str, Any] | Refusal:
    try:
        programme = programmes.get(filing.body.programme)
        if programme is None:
            raise UnknownProgramme(filing.body.programme)
        check_window(programme, now)
        return checked_content(filing.body, programme, scans, client=filing.client, now=now, keys=keys)
    except Refusal as refusal:
        return refusal


def checked_content(
    body: ApplicationIn,
    programme: Programme,
    scans: Mapping[UUID, Scan],
    *,
    client: PlatformClient,
    now: datetime,
    keys: KeyRing,
) -> dict[str, Any]:
    """Validate a body and return the event's fields; `scans` comes from `scans_of`. Raises Invalid."""
    if errors := check_application(body, programme, now=now):
        values = {"count": len(errors), "first": Joined(errors[:3], ";")}
        raise Invalid(
            "报名资料有 {count} 处需要更正。{first}", code="invalid-application", field_errors=errors, values=values
        )
    return sealed_content(body, scans, client=client, keys=keys)


def _filed(filing: Filing, content: dict[str, Any], programme: ProgrammeRow, reference: str, *, now: datetime) -> Row:
    programme.last_serial += 1
    return columns(filing.body, content) | {
        "id": uuid4(),
        "client_id": filing.client.id,
        "programme": programme.code,
        "serial": programme.last_serial,
        "application_no": f"{programme.code}-{programme.last_serial:04d}",
        "platform_no": filing.body.platform_no,
        "payment_reference": reference,
        "state": ApplicationState.SUBMITTED,
        "outcome": Outcome.UNDER_REVIEW,
        "revision": 1,
        "draft": None,
        "defects": [],
        "correct_by": None,
        "created_at": now,
        "submitted_at": now,
        "consented_at": None,
        "closed_at": None,
        "scans_removed_at": None,
    }


def columns(body: ApplicationIn, content: dict[str, Any]) -> dict[str, Any]:
    """Return the Application columns that derive from a body and its content."""
    student, firm = content["student"], content["firm"]
    return {
        "unit_code": body.unit_code,
        "recommendation": body.recommendation,
        "interview_mode": body.interview_mode,
        "student_name": student["name"],
        "identity_index": student["identity"]["index"],
        "identity_mask": student["identity"]["mask"],
        "mobile_mask": student["mobile"]["mask"],
        "firm_name": firm["name"],
        "credit_code": firm["credit_code"],
        "tier": firm["tier"],
        "content": content,
    }


def _record(uow: UnitOfWork, filing: Filing, row: Application, *, now: datetime) -> None:
    uow.record("file_application", str(row.id), actor=filing.actor, now=now, details={"state": row.state})
    publish_submitted(uow, row, now=now)


def record_consents(uow: UnitOfWork, filed: Sequence[tuple[UUID, ApplicationIn]]) -> None:
    """Store the consents in the bodies of applications, given as (application id, body)."""
    rows = [
        consent.model_dump() | {"id": uuid4(), "application_id": application_id, "channel": "platform"}
        for application_id, body in filed
        for consent in body.consents
    ]
    uow.bulk_insert(Consent, rows)


def publish_submitted(uow: UnitOfWork, row: Application, *, now: datetime) -> None:
    """Publish ApplicationSubmitted and enqueue the consent request to the student."""
    uow.publish(ApplicationSubmitted.model_validate(event_fields(row)), now=now)
    enqueue(uow, SendConsentRequest(application_id=row.id))


def event_fields(row: Application) -> dict[str, Any]:
    """Return the fields of the events that carry a whole application."""
    names = ("application_no", "programme", "platform_no", "revision", "submitted_at", "unit_code", "recommendation")
    fields = {name: getattr(row, name) for name in (*names, "interview_mode", "payment_reference")}
    return fields | {"application_id": row.id} | row.content
