"""Filing applications, many at once (notice, clause 5): the platform's door gathers what waits into one transaction."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert
from sqlmodel import Session, col, func, select

from services.intake.actions.content import scans_of, sealed_content
from services.intake.errors import PersonAlreadyApplied, UnknownProgramme
from services.intake.jobs import SendConsentRequest
from services.intake.models import (
    Application,
    Consent,
    PastParticipant,
    PlatformClient,
    ProgrammeRow,
    ReferenceCounter,
    StoredScan,
)
from services.intake.rules.applications import check_application, check_participation, check_window
from services.intake.schemas import ApplicationIn
from services.intake.states import ApplicationStatus, Outcome
from shared import audit, jobs
from shared.checkdigits import payment_reference
from shared.clock import local
from shared.columns import locked
from shared.errors import Conflict, Invalid, Listed, Refusal
from shared.events.intake import ApplicationSubmitted, Programme
from shared.keyring import KeyRing
from shared.outbox import publish

ENDED = (ApplicationStatus.WITHDRAWN, ApplicationStatus.EXPIRED)


@dataclass(frozen=True)
class Filing:
    """One application as it was posted, and by whom; a draft is kept without being filed, and expires at the deadline. What
    is written of it is written in `context`: the posting request's, with its correlation id and trace."""

    body: ApplicationIn
    client: PlatformClient
    actor: str
    draft: bool = False
    context: Context = field(default_factory=copy_context)


def submit_application(
    session: Session, body: ApplicationIn, *, client: PlatformClient, actor: str, now: datetime, keys: KeyRing
) -> Application:
    """Files one application, as `file_applications`. Raises its refusal."""
    (filed,) = file_applications(session, [Filing(body, client, actor)], now=now, keys=keys)
    if isinstance(filed, Refusal):
        raise filed
    return filed


def file_applications(
    session: Session, filings: Sequence[Filing], *, now: datetime, keys: KeyRing
) -> list[Application | Refusal]:
    """Accepts applications in their order (notice, clause 5) -> ApplicationSubmitted each, and asks the students to confirm;
    drafts are only kept. Once per person and programme; a client's number is used once; a repeated request is the door's
    matter. What is refused leaves nothing behind and stops no other."""
    rows = _locked_programmes(session, {filing.body.programme for filing in filings})
    programmes = {code: Programme.model_validate(row.data) for code, row in rows.items()}
    scans = scans_of(session, [filing.body for filing in filings])
    found: list[Application | dict[str, Any] | Refusal] = [
        filing.context.run(_content_or_refusal, filing, programmes, scans, now=now, keys=keys) for filing in filings
    ]
    taken = _taken(session, [filing.body for filing in filings], [one for one in found if isinstance(one, dict)])
    references = _References(session)
    filed: list[Application | Refusal] = []
    for filing, content in zip(filings, found, strict=True):
        if isinstance(content, dict):
            programme = programmes[filing.body.programme]
            if refusal := taken.refusal(filing, content, programme):
                filed.append(refusal)
                continue
            filed.append(_filed(filing, content, rows[programme.code], references.next(programme), now=now))
        else:
            filed.append(content)
    accepted = [(filing, row) for filing, row in zip(filings, filed, strict=True) if isinstance(row, Application)]
    session.add_all(row for _filing, row in accepted)
    session.flush()
    record_consents(session, [(row.id, filing.body) for filing, row in accepted])
    for filing, row in accepted:
        filing.context.run(_record, session, filing, row, now=now)
    return filed


def _locked_programmes(session: Session, codes: Collection[str]) -> dict[str, ProgrammeRow]:
    """The programmes' rows, locked in the order of their codes: they hand out serial numbers."""
    query = locked(select(ProgrammeRow).where(col(ProgrammeRow.code).in_(codes)).order_by(ProgrammeRow.code))
    return {row.code: row for row in session.exec(query.execution_options(populate_existing=True)).all()}


def _content_or_refusal(
    filing: Filing,
    programmes: Mapping[str, Programme],
    scans: Mapping[UUID, StoredScan],
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
    scans: Mapping[UUID, StoredScan],
    *,
    client: PlatformClient,
    now: datetime,
    keys: KeyRing,
) -> dict[str, Any]:
    """The event's parts of a body without faults; `scans` as from `scans_of`. Raises Invalid."""
    if faults := check_application(body, programme, now=now):
        values = {"count": len(faults), "first": Listed(faults[:3], ";")}
        raise Invalid(
            "报名资料有 {count} 处需要更正。{first}", code="invalid-application", faults=faults, values=values
        )
    return sealed_content(body, scans, client=client, keys=keys)


@dataclass(frozen=True)
class _Taken:
    """Who and what is in the database already, of all that a batch names; it grows with what the batch files. People and
    firms are counted by programme, platform numbers by client."""

    past: set[str]
    people: set[tuple[str, str]]
    numbers: set[tuple[UUID, str]]
    firms: Counter[tuple[str, str]]

    def refusal(self, filing: Filing, content: dict[str, Any], programme: Programme) -> Refusal | None:
        """Why this one cannot be filed; None, and taken from now on, when it can."""
        body, identity = filing.body, content["student"]["identity"]["index"]
        person, number = (programme.code, identity), (filing.client.id, body.platform_no)
        firm = (programme.code, content["firm"]["credit_code"])
        try:
            check_participation(body, known=identity in self.past)
            if person in self.people:
                raise PersonAlreadyApplied
            if number in self.numbers:
                raise Conflict(
                    "平台编号“{platform_no}”已用于另一份报名。",
                    code="platform-no-used",
                    values={"platform_no": body.platform_no},
                )
            check_firm(self.firms[firm], programme)
        except Refusal as refusal:
            return refusal
        self.people.add(person)
        self.numbers.add(number)
        self.firms[firm] += 1
        return None


def _taken(session: Session, bodies: Sequence[ApplicationIn], contents: Sequence[dict[str, Any]]) -> _Taken:
    codes = {body.programme for body in bodies}
    identities = {content["student"]["identity"]["index"] for content in contents}
    held = select(Application.programme, Application.identity_index).where(
        col(Application.programme).in_(codes),
        col(Application.identity_index).in_(identities),
        col(Application.status).not_in(ENDED),
    )
    numbered = select(Application.client_id, Application.platform_no).where(
        col(Application.platform_no).in_({body.platform_no for body in bodies})
    )
    return _Taken(
        past=past_participants(session, identities),
        people={(programme, index) for programme, index in session.exec(held).all()},
        numbers={(client_id, number) for client_id, number in session.exec(numbered).all()},
        firms=firms_filed(session, codes, {content["firm"]["credit_code"] for content in contents}),
    )


def past_participants(session: Session, identities: Collection[str]) -> set[str]:
    """Those who attended before, of keyed hashes of document numbers."""
    return set(
        session.exec(
            select(PastParticipant.identity_index).where(col(PastParticipant.identity_index).in_(identities))
        ).all()
    )


def firms_filed(
    session: Session, programmes: Collection[str], credit_codes: Collection[str]
) -> Counter[tuple[str, str]]:
    """(programme, credit code) -> how many applications that have not ended."""
    counted = (
        select(Application.programme, Application.credit_code, func.count())
        .where(
            col(Application.programme).in_(programmes),
            col(Application.credit_code).in_(credit_codes),
            col(Application.status).not_in(ENDED),
        )
        .group_by(Application.programme, Application.credit_code)
    )
    return Counter({(programme, code): count for programme, code, count in session.exec(counted).all()})


def check_firm(filed: int, programme: Programme) -> None:
    """Raises Conflict when a firm that has filed so many may file no more (notice, clause 2)."""
    if filed >= programme.max_per_firm:
        raise Conflict(
            "每家企业本期至多 {max_per_firm} 人报名,该企业已满。",
            code="firm-full",
            values={"max_per_firm": programme.max_per_firm},
        )


class _References:
    """Payment references, counted on through a year over all programmes; the counter stays locked until the commit."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._counters: dict[int, ReferenceCounter] = {}

    def next(self, programme: Programme) -> str:
        """The next reference of the programme's year."""
        year = local(programme.opens_at).year
        if year not in self._counters:
            query = locked(select(ReferenceCounter).where(ReferenceCounter.year == year))
            counter = self._session.exec(query.execution_options(populate_existing=True)).one_or_none()
            self._counters[year] = counter or ReferenceCounter(year=year)
            self._session.add(self._counters[year])
        self._counters[year].last += 1
        return payment_reference(year % 100 * 10_000 + self._counters[year].last)


def _filed(
    filing: Filing, content: dict[str, Any], programme: ProgrammeRow, reference: str, *, now: datetime
) -> Application:
    programme.last_serial += 1
    row = Application(
        id=uuid4(),
        client_id=filing.client.id,
        programme=programme.code,
        serial=programme.last_serial,
        application_no=f"{programme.code}-{programme.last_serial:04d}",
        platform_no=filing.body.platform_no,
        payment_reference=reference,
        status=ApplicationStatus.DRAFT if filing.draft else ApplicationStatus.SUBMITTED,
        created_at=now,
        **columns(filing.body, content),
    )
    if not filing.draft:
        row.submitted_at, row.outcome = now, Outcome.UNDER_REVIEW
    return row


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


def _record(session: Session, filing: Filing, row: Application, *, now: datetime) -> None:
    audit.record(session, "file_application", str(row.id), actor=filing.actor, now=now, details={"status": row.status})
    if not filing.draft:
        say_submitted(session, row, now=now)


def record_consents(session: Session, filed: Sequence[tuple[UUID, ApplicationIn]]) -> None:
    """Keeps the consents that came with the bodies of applications, by their ids."""
    rows = [
        consent.model_dump() | {"id": uuid4(), "application_id": application_id, "channel": "platform"}
        for application_id, body in filed
        for consent in body.consents
    ]
    if rows:
        session.execute(insert(Consent), rows)


def say_submitted(session: Session, row: Application, *, now: datetime) -> None:
    """-> ApplicationSubmitted, and the student is asked to confirm."""
    publish(session, ApplicationSubmitted.model_validate(event_fields(row)), now=now)
    jobs.start(session, SendConsentRequest(application_id=row.id))


def event_fields(row: Application) -> dict[str, Any]:
    """The body of the events that carry a whole application."""
    named = ("application_no", "programme", "platform_no", "revision", "submitted_at", "unit_code", "recommendation")
    fields = {name: getattr(row, name) for name in (*named, "interview_mode", "payment_reference")}
    return fields | {"application_id": row.id} | row.content
