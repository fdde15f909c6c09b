"""Actions on filed applications: resubmit, withdraw (notice, clause 5)."""

from datetime import datetime
from uuid import UUID

from services.intake.actions.content import scans_of
from services.intake.actions.filing import checked_content, columns, event_fields, record_consents
from services.intake.actions.locking import own_application, step
from services.intake.actions.programmes import locked_programme
from services.intake.actions.scans import keep_scans
from services.intake.actions.uniqueness import check_firm, existing_filings
from services.intake.models import Application, PlatformClient
from services.intake.rules.applications import check_participation, check_recommendation
from services.intake.schemas import ApplicationIn
from services.intake.states import ApplicationState, Outcome
from shared.adapters.keyring import KeyRing
from shared.events.intake import ApplicationResubmitted, ApplicationWithdrawn, Programme
from shared.foundation.clock import local
from shared.foundation.errors import Conflict
from shared.persistence.unit_of_work import UnitOfWork


def resubmit_application(
    uow: UnitOfWork,
    application_id: UUID,
    body: ApplicationIn,
    *,
    client: PlatformClient,
    actor: str,
    now: datetime,
    keys: KeyRing,
) -> Application:
    """Accept the corrected version of a returned application and publish ApplicationResubmitted.

    Corrections are accepted until `correct_by`, also after the window, because the first submission was in time;
    `submitted_at` does not change. A correction cannot change the person or the programme. After the window it cannot
    add a recommendation. Raises Conflict or Invalid.
    """
    programme = Programme.model_validate(locked_programme(uow, body.programme).data)
    row = own_application(uow, application_id, client)
    _check_correctable(row, programme, now=now)
    step(row, ApplicationState.SUBMITTED)
    content = checked_content(body, programme, scans_of(uow, [body]), client=client, now=now, keys=keys)
    identity, credit_code = content["student"]["identity"]["index"], content["firm"]["credit_code"]
    existing = existing_filings(uow, [body], [content], clients=[client])
    check_participation(body, known=identity in existing.past)
    before = {"unit_code": row.unit_code, "recommendation": row.recommendation}
    check_recommendation(body, programme, **before, now=now)
    if identity != row.identity_index:
        raise Conflict("补正不能更换学员;如需更换,请撤回后重新报名。", code="person-changed")
    if credit_code != row.credit_code:
        check_firm(existing.firms[programme.code, credit_code], programme)
    keep_scans(uow, row.id, row.content)
    for name, value in columns(body, content).items():
        setattr(row, name, value)
    row.revision, row.defects, row.correct_by, row.outcome = row.revision + 1, [], None, Outcome.UNDER_REVIEW
    uow.session.add(row)
    record_consents(uow, [(row.id, body)])
    uow.record("resubmit_application", str(row.id), actor=actor, now=now, details={"revision": row.revision})
    uow.publish(ApplicationResubmitted.model_validate(event_fields(row)), now=now)
    return row


def _check_correctable(row: Application, programme: Programme, *, now: datetime) -> None:
    """Raise Conflict if the application belongs to another programme, was rejected, or its correction is late."""
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


def withdraw_application(
    uow: UnitOfWork, application_id: UUID, reason: str, *, client: PlatformClient, actor: str, now: datetime
) -> Application:
    """Withdraw an application. Publish ApplicationWithdrawn unless it was a draft. A repeat changes nothing.

    Raises Conflict once the student has registered.
    """
    row = own_application(uow, application_id, client)
    if row.state == ApplicationState.WITHDRAWN:
        return row
    if row.outcome in (Outcome.REGISTERED, Outcome.CERTIFIED, Outcome.NOT_CERTIFIED):
        raise Conflict("学员已报到,不能撤回报名;请联系报到处办理退学。", code="registered")
    was_draft = row.state == ApplicationState.DRAFT
    step(row, ApplicationState.WITHDRAWN)
    if was_draft:
        row.closed_at, row.draft = now, None
    uow.session.add(row)
    uow.record("withdraw_application", str(row.id), actor=actor, now=now, details={"reason": reason})
    if not was_draft:
        event = ApplicationWithdrawn(application_id=row.id, withdrawn_at=now, reason=reason)
        uow.publish(event, now=now)
    return row
