"""Filing, correcting, withdrawing and expiring applications (notice, clause 5)."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlmodel import Session, col, select

from services.intake.actions.content import sealed_content
from services.intake.actions.programmes import locked_programme
from services.intake.actions.subjects import own_application, programme_of, step
from services.intake.errors import PersonAlreadyApplied
from services.intake.jobs import SendConsentRequest
from services.intake.models import (
    Application,
    Consent,
    PastParticipant,
    PlatformClient,
    ProgrammeRow,
    ReferenceCounter,
)
from services.intake.rules.applications import check_application, check_participation, check_window
from services.intake.schemas import ApplicationIn
from services.intake.states import ApplicationStatus, Outcome
from shared import audit, jobs
from shared.checkdigits import payment_reference
from shared.clock import local
from shared.columns import locked
from shared.errors import Conflict, Invalid, Listed
from shared.events.intake import ApplicationResubmitted, ApplicationSubmitted, ApplicationWithdrawn, Programme
from shared.keyring import KeyRing
from shared.outbox import publish

ENDED = (ApplicationStatus.WITHDRAWN, ApplicationStatus.EXPIRED)


def submit_application(
    session: Session, body: ApplicationIn, *, client: PlatformClient, actor: str, now: datetime, keys: KeyRing
) -> Application:
    """Accepts an application (notice, clause 5) -> ApplicationSubmitted, and asks the student to confirm. Once per person
    and programme; a repeat of the client's number is refused, a repeat of its request is the edge's matter."""
    row = _file(session, body, ApplicationStatus.SUBMITTED, client=client, actor=actor, now=now, keys=keys)
    _say_submitted(session, row, now=now)
    return row


def save_draft(
    session: Session, body: ApplicationIn, *, client: PlatformClient, actor: str, now: datetime, keys: KeyRing
) -> Application:
    """Keeps a complete application without filing it; it expires at the deadline."""
    return _file(session, body, ApplicationStatus.DRAFT, client=client, actor=actor, now=now, keys=keys)


def submit_draft(
    session: Session, application_id: UUID, *, client: PlatformClient, actor: str, now: datetime
) -> Application:
    """Files a draft as it is, in the window."""
    row = own_application(session, application_id, client)
    check_window(programme_of(session, row), now)
    step(row, ApplicationStatus.SUBMITTED)
    audit.record(session, "submit_draft", str(row.id), actor=actor, now=now)
    _say_submitted(session, row, now=now)
    return row


def _file(
    session: Session,
    body: ApplicationIn,
    status: ApplicationStatus,
    *,
    client: PlatformClient,
    actor: str,
    now: datetime,
    keys: KeyRing,
) -> Application:
    programme_row = locked_programme(session, body.programme)
    programme = Programme.model_validate(programme_row.data)
    check_window(programme, now)
    content = _checked_content(session, body, programme, client=client, now=now, keys=keys)
    _check_unique(session, body, content, client, programme)
    programme_row.last_serial += 1
    session.add(programme_row)
    row = Application(
        id=uuid4(),
        client_id=client.id,
        programme=programme.code,
        serial=programme_row.last_serial,
        application_no=f"{programme.code}-{programme_row.last_serial:04d}",
        platform_no=body.platform_no,
        payment_reference=_next_reference(session, local(programme.opens_at).year),
        status=status,
        created_at=now,
        **_columns(body, content),
    )
    session.add(row)
    session.flush()
    _record_consents(session, row, body)
    audit.record(session, "file_application", str(row.id), actor=actor, now=now, details={"status": status})
    return row


def _next_reference(session: Session, year: int) -> str:
    """Counts on through the year over all programmes; the counter stays locked until the commit."""
    query = locked(select(ReferenceCounter).where(ReferenceCounter.year == year))
    counter = session.exec(query.execution_options(populate_existing=True)).one_or_none()
    counter = counter or ReferenceCounter(year=year)
    counter.last += 1
    session.add(counter)
    return payment_reference(year % 100 * 10_000 + counter.last)


def _checked_content(
    session: Session, body: ApplicationIn, programme: Programme, *, client: PlatformClient, now: datetime, keys: KeyRing
) -> dict[str, Any]:
    if faults := check_application(body, programme, now=now):
        values = {"count": len(faults), "first": Listed(faults[:3], ";")}
        raise Invalid(
            "报名资料有 {count} 处需要更正。{first}", code="invalid-application", faults=faults, values=values
        )
    content = sealed_content(session, body, client=client, keys=keys)
    known = session.get(PastParticipant, content["student"]["identity"]["index"]) is not None
    check_participation(body, known=known)
    return content


def _check_unique(
    session: Session, body: ApplicationIn, content: dict[str, Any], client: PlatformClient, programme: Programme
) -> None:
    held = select(Application).where(Application.programme == programme.code, col(Application.status).not_in(ENDED))
    if session.exec(held.where(Application.identity_index == content["student"]["identity"]["index"])).first():
        raise PersonAlreadyApplied
    same_number = select(Application).where(
        Application.client_id == client.id, Application.platform_no == body.platform_no
    )
    if session.exec(same_number).first():
        raise Conflict(
            "平台编号“{platform_no}”已用于另一份报名。",
            code="platform-no-used",
            values={"platform_no": body.platform_no},
        )
    _check_firm(session, content["firm"]["credit_code"], programme)


def _check_firm(session: Session, credit_code: str, programme: Programme) -> None:
    of_firm = select(Application).where(
        Application.programme == programme.code,
        Application.credit_code == credit_code,
        col(Application.status).not_in(ENDED),
    )
    if len(session.exec(of_firm).all()) >= programme.max_per_firm:
        raise Conflict(
            "每家企业本期至多 {max_per_firm} 人报名,该企业已满。",
            code="firm-full",
            values={"max_per_firm": programme.max_per_firm},
        )


def _columns(body: ApplicationIn, content: dict[str, Any]) -> dict[str, Any]:
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


def _record_consents(session: Session, row: Application, body: ApplicationIn) -> None:
    for consent in body.consents:
        session.add(
            Consent(
                id=uuid4(),
                application_id=row.id,
                kind=consent.kind,
                text_version=consent.text_version,
                accepted_at=consent.accepted_at,
                accepted_by=consent.accepted_by,
                channel="platform",
            )
        )


def _say_submitted(session: Session, row: Application, *, now: datetime) -> None:
    row.submitted_at = now
    row.outcome = Outcome.UNDER_REVIEW
    session.add(row)
    publish(session, ApplicationSubmitted.model_validate(_event_fields(row)), now=now)
    jobs.start(session, SendConsentRequest(application_id=row.id))


def _event_fields(row: Application) -> dict[str, Any]:
    named = ("application_no", "programme", "platform_no", "revision", "submitted_at", "unit_code", "recommendation")
    fields = {name: getattr(row, name) for name in (*named, "interview_mode", "payment_reference")}
    return fields | {"application_id": row.id} | row.content


def resubmit_application(
    session: Session,
    application_id: UUID,
    body: ApplicationIn,
    *,
    client: PlatformClient,
    actor: str,
    now: datetime,
    keys: KeyRing,
) -> Application:
    """Takes the corrected version of a returned application -> ApplicationResubmitted; `submitted_at` is kept. Allowed after
    the window, because the first submission was in time, until `correct_by`; person and programme stay."""
    programme = Programme.model_validate(locked_programme(session, body.programme).data)
    row = own_application(session, application_id, client)
    if row.programme != programme.code:
        raise Conflict(
            "该报名属于项目“{programme}”，补正不能更换项目。",
            code="programme-changed",
            values={"programme": row.programme},
        )
    if row.outcome == Outcome.REJECTED:
        raise Conflict("该报名已审核不通过，不能再补正。", code="rejected")
    if row.correct_by and now >= row.correct_by:
        raise Conflict(
            "补正期限 {correct_by:%Y年%m月%d日%H:%M} 已过。",
            code="correction-late",
            values={"correct_by": local(row.correct_by)},
        )
    step(row, ApplicationStatus.SUBMITTED)
    content = _checked_content(session, body, programme, client=client, now=now, keys=keys)
    if content["student"]["identity"]["index"] != row.identity_index:
        raise Conflict("补正不能更换学员;如需更换,请撤回后重新报名。", code="person-changed")
    if content["firm"]["credit_code"] != row.credit_code:
        _check_firm(session, content["firm"]["credit_code"], programme)
    for name, value in _columns(body, content).items():
        setattr(row, name, value)
    row.revision, row.defects, row.correct_by, row.outcome = row.revision + 1, [], None, Outcome.UNDER_REVIEW
    session.add(row)
    _record_consents(session, row, body)
    audit.record(session, "resubmit_application", str(row.id), actor=actor, now=now, details={"revision": row.revision})
    publish(session, ApplicationResubmitted.model_validate(_event_fields(row)), now=now)
    return row


def withdraw_application(
    session: Session, application_id: UUID, reason: str, *, client: PlatformClient, actor: str, now: datetime
) -> Application:
    """Takes an application back -> ApplicationWithdrawn, unless it was only a draft; a repeat changes nothing."""
    row = own_application(session, application_id, client)
    if row.status == ApplicationStatus.WITHDRAWN:
        return row
    if row.outcome in (Outcome.REGISTERED, Outcome.CERTIFIED, Outcome.NOT_CERTIFIED):
        raise Conflict("学员已报到,不能撤回报名;请联系报到处办理退学。", code="registered")
    was_draft = row.status == ApplicationStatus.DRAFT
    step(row, ApplicationStatus.WITHDRAWN)
    session.add(row)
    audit.record(session, "withdraw_application", str(row.id), actor=actor, now=now, details={"reason": reason})
    if not was_draft:
        event = ApplicationWithdrawn(application_id=row.id, withdrawn_at=now, reason=reason)
        publish(session, event, now=now)
    return row


def expire_drafts(session: Session, *, actor: str, now: datetime) -> None:
    """Ends the drafts of every programme whose window is over."""
    for programme_row in session.exec(select(ProgrammeRow)).all():
        if now < Programme.model_validate(programme_row.data).closes_at:
            continue
        drafts = select(Application).where(
            Application.programme == programme_row.code, Application.status == ApplicationStatus.DRAFT
        )
        for row in session.exec(locked(drafts)).all():
            step(row, ApplicationStatus.EXPIRED)
            session.add(row)
            audit.record(session, "expire_draft", str(row.id), actor=actor, now=now)
