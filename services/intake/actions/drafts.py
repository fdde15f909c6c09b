"""Actions on drafts: save, edit, file, expire. A draft is validated when it is filed (notice, clause 5)."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from pydantic import ValidationError
from sqlmodel import col, or_, select

from services.intake.actions.content import scans_of
from services.intake.actions.filing import checked_content, columns, publish_submitted, record_consents
from services.intake.actions.locking import own_application, step
from services.intake.actions.programmes import locked_programme
from services.intake.actions.references import References
from services.intake.actions.uniqueness import existing_filings
from services.intake.errors import PlatformNumberUsed
from services.intake.models import Application, PlatformClient, ProgrammeRow, StoredScan
from services.intake.queries import application_of
from services.intake.rules.applications import check_window
from services.intake.rules.drafts import merged, scan_ids
from services.intake.schemas import ApplicationIn, DraftKey
from services.intake.states import ApplicationState, Outcome
from shared.adapters.keyring import KeyRing
from shared.events import Sealed
from shared.events.intake import Programme
from shared.foundation.errors import Conflict, Invalid
from shared.foundation.validation import invalid_body
from shared.persistence.columns import for_update
from shared.persistence.unit_of_work import UnitOfWork

# As large as a body may be (shared/http/limits.py): edits could add up to more.
_MOST_BYTES = 256 * 1024
Body = Mapping[str, Any]


def save_draft(
    uow: UnitOfWork, body: Body, *, client: PlatformClient, actor: str, now: datetime, keys: KeyRing
) -> Application:
    """Store a draft: a JSON object with at least `programme` and `platform_no`. It expires when the window closes.

    Raises Invalid without these two or beyond 256 KB, UnknownProgramme, and Conflict outside the window or for a platform
    number that the client has used.
    """
    key, text = _key_of(body), _text_of(body)
    programme_row = locked_programme(uow, key.programme)
    programme = Programme.model_validate(programme_row.data)
    check_window(programme, now)
    used = select(Application.id).where(Application.client_id == client.id, Application.platform_no == key.platform_no)
    if uow.session.exec(used).first():
        raise PlatformNumberUsed(key.platform_no)
    programme_row.last_serial += 1
    row = Application(
        id=uuid4(),
        client_id=client.id,
        programme=programme.code,
        serial=programme_row.last_serial,
        application_no=f"{programme.code}-{programme_row.last_serial:04d}",
        platform_no=key.platform_no,
        payment_reference=References(uow.session).next(programme),
        state=ApplicationState.DRAFT,
        created_at=now,
        content={},
        unit_code="",
        recommendation="",
        interview_mode="",
        student_name="",
        identity_index="",
        identity_mask="",
        mobile_mask="",
        firm_name="",
        credit_code="",
        tier="",
    )
    _store(uow, row, body, text, client=client, keys=keys)
    uow.record("save_draft", str(row.id), actor=actor, now=now)
    return row


def replace_draft(
    uow: UnitOfWork,
    application_id: UUID,
    body: Body,
    *,
    client: PlatformClient,
    actor: str,
    now: datetime,
    keys: KeyRing,
) -> Application:
    """Replace the body of a draft. A repeat changes nothing more. Raises Invalid as save_draft does; Conflict for another
    programme or platform number, and for an application that is no draft (any more)."""
    row, _programme = _locked(uow, application_id, client)
    return _edit(uow, row, body, client=client, actor=actor, now=now, keys=keys)


def patch_draft(
    uow: UnitOfWork,
    application_id: UUID,
    patch: Body,
    *,
    client: PlatformClient,
    actor: str,
    now: datetime,
    keys: KeyRing,
) -> Application:
    """Change parts of a draft by a JSON merge patch (RFC 7396). Raises as replace_draft does."""
    row, _programme = _locked(uow, application_id, client)
    _check_draft(row)
    return _edit(uow, row, merged(_opened(row, keys), patch), client=client, actor=actor, now=now, keys=keys)


def file_draft(
    uow: UnitOfWork, application_id: UUID, *, client: PlatformClient, actor: str, now: datetime, keys: KeyRing
) -> Application:
    """Validate a draft as an application and file it; publish ApplicationSubmitted. A repeat changes nothing.

    A refused draft stays as it is. Raises Conflict outside the window and for an application that is no draft, and the
    refusals of file_applications.
    """
    row, programme = _locked(uow, application_id, client)
    if row.state == ApplicationState.SUBMITTED:
        return row
    check_window(programme, now)
    _check_draft(row)
    try:
        body = ApplicationIn.model_validate(_opened(row, keys))
    except ValidationError as error:
        raise invalid_body(error.errors()) from error
    content = checked_content(body, programme, scans_of(uow, [body]), client=client, now=now, keys=keys)
    existing = existing_filings(uow, [body], [content], clients=[client])
    existing.numbers.discard((client.id, row.platform_no))
    if refusal := existing.refusal(body, content, programme, client=client):
        raise refusal
    for name, value in columns(body, content).items():
        setattr(row, name, value)
    step(row, ApplicationState.SUBMITTED)
    row.draft, row.submitted_at, row.outcome = None, now, Outcome.UNDER_REVIEW
    uow.session.add(row)
    record_consents(uow, [(row.id, body)])
    uow.record("file_draft", str(row.id), actor=actor, now=now)
    publish_submitted(uow, row, now=now)
    return row


def _locked(uow: UnitOfWork, application_id: UUID, client: PlatformClient) -> tuple[Application, Programme]:
    """Lock the programme and then the application. The programme's lock also keeps a scan from being removed while a draft
    begins to refer to it."""
    code = application_of(uow.session, application_id, client).programme
    programme = Programme.model_validate(locked_programme(uow, code).data)
    return own_application(uow, application_id, client), programme


def _check_draft(row: Application) -> None:
    if row.state != ApplicationState.DRAFT:
        raise Conflict("这份报名已不是草稿,不能再作为草稿修改或提交。", code="no-draft")


def _edit(
    uow: UnitOfWork, row: Application, body: Body, *, client: PlatformClient, actor: str, now: datetime, keys: KeyRing
) -> Application:
    _check_draft(row)
    if _key_of(body) != DraftKey(programme=row.programme, platform_no=row.platform_no):
        raise Conflict("草稿的项目和平台编号不能更换;如需更换,请撤回后另存一份。", code="draft-moved")
    _store(uow, row, body, _text_of(body), client=client, keys=keys)
    uow.record("edit_draft", str(row.id), actor=actor, now=now)
    return row


def _text_of(body: Body) -> str:
    """Return the body as JSON in ASCII. Raises Invalid above _MOST_BYTES in UTF-8, in which requests arrive."""
    if len(json.dumps(body, ensure_ascii=False).encode(errors="surrogatepass")) > _MOST_BYTES:
        raise Invalid("草稿超过 256 KB 的上限,请缩短后再存。", code="draft-too-large")
    return json.dumps(body)


def _store(uow: UnitOfWork, row: Application, body: Body, text: str, *, client: PlatformClient, keys: KeyRing) -> None:
    """Seal the body into the row, and refer to its scans so that they are kept, and to no others."""
    referred = scan_ids(body)
    scans = select(StoredScan).where(
        or_(col(StoredScan.id).in_(referred), StoredScan.kept_for == row.id),
        StoredScan.client_id == client.id,
        StoredScan.programme == row.programme,
    )
    found = uow.session.exec(scans).all()
    for scan in found:
        if scan.kept_for == row.id and scan.id not in referred:
            scan.kept_for = None
            uow.session.add(scan)
    row.content = {"scans": [{"key": scan.key} for scan in found if scan.id in referred]}
    row.draft = keys.seal("identity", row.programme, text, mask="").model_dump()
    uow.session.add(row)


def _opened(row: Application, keys: KeyRing) -> Any:
    return json.loads(keys.open("identity", Sealed.model_validate(row.draft)))


def _key_of(body: Body) -> DraftKey:
    try:
        return DraftKey.model_validate({name: body[name] for name in DraftKey.model_fields if name in body})
    except ValidationError as error:
        raise invalid_body(error.errors()) from error


def expire_drafts(uow: UnitOfWork, *, actor: str, now: datetime) -> None:
    """Expire the drafts of every programme whose window is over."""
    for programme_row in uow.session.exec(select(ProgrammeRow)).all():
        if now < Programme.model_validate(programme_row.data).closes_at:
            continue
        drafts = select(Application).where(
            Application.programme == programme_row.code, Application.state == ApplicationState.DRAFT
        )
        for row in uow.session.exec(for_update(drafts)).all():
            step(row, ApplicationState.EXPIRED)
            row.closed_at, row.draft = now, None
            uow.session.add(row)
            uow.record("expire_draft", str(row.id), actor=actor, now=now)
