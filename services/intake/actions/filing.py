"""Filing applications, many at once (notice, clause 5): the platform's door gathers what waits into one transaction."""

from collections.abc import Collection, Mapping, Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlmodel import col, select

from services.intake.actions.content import Scan, scans_of, sealed_content
from services.intake.actions.references import References
from services.intake.actions.uniqueness import taken
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
    """One application as it was posted, and by whom; a draft is kept without being filed, and expires at the deadline. What
    is written of it is written in `context`: the posting request's, with its correlation id and trace."""

    body: ApplicationIn
    client: PlatformClient
    actor: str
    draft: bool = False
    context: Context = field(default_factory=copy_context)


def file_applications(
    uow: UnitOfWork, filings: Sequence[Filing], *, now: datetime, keys: KeyRing
) -> list[Application | Refusal]:
    """Accepts applications in their order (notice, clause 5) -> ApplicationSubmitted each, and asks the students to confirm;
    drafts are only kept. Once per person and programme; a client's number is used once; a repeated request is the door's
    matter. What is refused leaves nothing behind and stops no other."""
    rows = _locked_programmes(uow, {filing.body.programme for filing in filings})
    programmes = {code: Programme.model_validate(row.data) for code, row in rows.items()}
    scans = scans_of(uow, [filing.body for filing in filings])
    found = [
        filing.context.run(_content_or_refusal, filing, programmes, scans, now=now, keys=keys) for filing in filings
    ]
    contents = [one for one in found if isinstance(one, dict)]
    held = taken(uow, [filing.body for filing in filings], contents, clients=[filing.client for filing in filings])
    references = References(uow.session)
    filed: list[Row | Refusal] = []
    for filing, content in zip(filings, found, strict=True):
        if isinstance(content, dict):
            programme = programmes[filing.body.programme]
            if refusal := held.refusal(filing.body, content, programme, client=filing.client):
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
    """The programmes' rows, locked in the order of their codes: they hand out serial numbers."""
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
    """The event's parts of a body without faults; `scans` as from `scans_of`. Raises Invalid."""
    if faults := check_application(body, programme, now=now):
        values = {"count": len(faults), "first": Joined(faults[:3], ";")}
        raise Invalid(
            "报名资料有 {count} 处需要更正。{first}", code="invalid-application", faults=faults, values=values
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
        "state": ApplicationState.DRAFT if filing.draft else ApplicationState.SUBMITTED,
        "outcome": None if filing.draft else Outcome.UNDER_REVIEW,
        "revision": 1,
        "defects": [],
        "correct_by": None,
        "created_at": now,
        "submitted_at": None if filing.draft else now,
        "consented_at": None,
        "closed_at": None,
        "scans_removed_at": None,
    }


def columns(body: ApplicationIn, content: dict[str, Any]) -> dict[str, Any]:
    """The columns that tell a body and its content."""
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
    if not filing.draft:
        publish_submitted(uow, row, now=now)


def record_consents(uow: UnitOfWork, filed: Sequence[tuple[UUID, ApplicationIn]]) -> None:
    """Keeps the consents that came with the bodies of applications, by their ids."""
    rows = [
        consent.model_dump() | {"id": uuid4(), "application_id": application_id, "channel": "platform"}
        for application_id, body in filed
        for consent in body.consents
    ]
    uow.bulk_insert(Consent, rows)


def publish_submitted(uow: UnitOfWork, row: Application, *, now: datetime) -> None:
    """-> ApplicationSubmitted, and the student is asked to confirm."""
    uow.publish(ApplicationSubmitted.model_validate(event_fields(row)), now=now)
    enqueue(uow, SendConsentRequest(application_id=row.id))


def event_fields(row: Application) -> dict[str, Any]:
    """The body of the events that carry a whole application."""
    named = ("application_no", "programme", "platform_no", "revision", "submitted_at", "unit_code", "recommendation")
    fields = {name: getattr(row, name) for name in (*named, "interview_mode", "payment_reference")}
    return fields | {"application_id": row.id} | row.content
