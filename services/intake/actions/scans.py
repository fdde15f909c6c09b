"""Store uploaded scans. Remove unreferenced scans, and scans of closed applications after the retention period."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlmodel import and_, col, not_, or_, select

from services.intake.actions.programmes import locked_programme
from services.intake.errors import UnknownProgramme
from services.intake.models import Application, PlatformClient, ProgrammeRow, StoredScan
from services.intake.rules.scans import ATTENDED, NOT_ADMITTED, UNREFERRED, CheckedScan
from services.intake.states import Outcome
from shared.adapters.files import FileStore
from shared.events.intake import page_key
from shared.persistence.columns import for_update
from shared.persistence.unit_of_work import UnitOfWork


def store_scan(
    uow: UnitOfWork,
    content: bytes,
    checked: CheckedScan,
    *,
    programme: str,
    client: PlatformClient,
    actor: str,
    now: datetime,
    files: FileStore,
) -> StoredScan:
    """Store a scan and the pictures of its pages, encrypted, under a new id; a repeat stores a second one.

    A scan that no application refers to is removed after UNREFERRED. Raises UnknownProgramme.
    """
    if uow.session.get(ProgrammeRow, programme) is None:
        raise UnknownProgramme(programme)
    scan_id = uuid4()
    key = f"scans/{programme}/{scan_id}"
    claim = files.put(content, kind="scan", programme=programme, media_type=checked.media_type, purpose="scan", key=key)
    pages = [
        files.put(
            picture,
            kind="page",
            programme=programme,
            media_type="image/jpeg",
            purpose="scan",
            key=page_key(key, number),
        )
        for number, picture in enumerate(checked.pages, start=1)
    ]
    row = StoredScan(
        id=scan_id,
        client_id=client.id,
        programme=programme,
        key=key,
        sha256=claim.sha256,
        media_type=checked.media_type,
        size=claim.size,
        pages=[{"sha256": page.sha256, "size": page.size} for page in pages],
        blank_pages=list(checked.blank_pages),
        uploaded_at=now,
    )
    uow.session.add(row)
    uow.record("store_scan", str(scan_id), actor=actor, now=now, details={"sha256": claim.sha256})
    return row


def keep_scans(uow: UnitOfWork, application_id: UUID, content: Mapping[str, Any]) -> None:
    """Assign the scans of this content to the application; a later correction with other scans does not undo it."""
    keys = [scan["key"] for scan in content["scans"]]
    for row in uow.session.exec(select(StoredScan).where(col(StoredScan.key).in_(keys))).all():
        row.kept_for = application_id
        uow.session.add(row)


def remove_unreferred_scans(uow: UnitOfWork, *, actor: str, now: datetime, files: FileStore) -> None:
    """Remove the file and row of each scan uploaded UNREFERRED ago that no application refers to.

    The audit log keeps the hash. The programme's lock prevents a concurrent filing from referring to the scan.
    """
    old = select(StoredScan).where(col(StoredScan.kept_for).is_(None), col(StoredScan.uploaded_at) <= now - UNREFERRED)
    for code in sorted({row.programme for row in uow.session.exec(old).all()}):
        locked_programme(uow, code)
        for application in uow.session.exec(select(Application).where(Application.programme == code)).all():
            keep_scans(uow, application.id, application.content)
        uow.session.flush()
        for row in uow.session.exec(old.where(StoredScan.programme == code)).all():
            _remove(uow, row, actor=actor, now=now, files=files)


def remove_scans_of_closed(uow: UnitOfWork, *, actor: str, now: datetime, files: FileStore) -> None:
    """Remove the scans of applications whose retention period has passed since they were closed.

    Scans stay while the application holds a seat, or while another application refers to the same scan. Each
    application is processed once; the audit log keeps the hashes.
    """
    unprocessed = select(Application).where(col(Application.scans_removed_at).is_(None))
    codes = (
        select(Application.programme)
        .where(_retention_is_over(now), col(Application.scans_removed_at).is_(None))
        .distinct()
    )
    for code in sorted(uow.session.exec(codes).all()):
        locked_programme(uow, code)
        in_programme = unprocessed.where(Application.programme == code).order_by(col(Application.id))
        due = uow.session.exec(for_update(in_programme.where(_retention_is_over(now)))).all()
        others = uow.session.exec(in_programme.where(col(Application.id).not_in([one.id for one in due]))).all()
        for application in (*due, *others):
            keep_scans(uow, application.id, application.content)
            uow.session.flush()
        for application in due:
            for row in uow.session.exec(select(StoredScan).where(StoredScan.kept_for == application.id)).all():
                _remove(uow, row, actor=actor, now=now, files=files)
            application.scans_removed_at = now
            uow.session.add(application)


def _retention_is_over(now: datetime) -> Any:
    attended = col(Application.outcome).in_((Outcome.CERTIFIED, Outcome.NOT_CERTIFIED))
    seated = col(Application.outcome).in_((Outcome.ADMITTED, Outcome.REGISTERED))
    without_seat = or_(col(Application.outcome).is_(None), not_(or_(attended, seated)))
    return or_(
        and_(attended, col(Application.closed_at) <= now - ATTENDED),
        and_(without_seat, col(Application.closed_at) <= now - NOT_ADMITTED),
    )


def _remove(uow: UnitOfWork, row: StoredScan, *, actor: str, now: datetime, files: FileStore) -> None:
    for key in (row.key, *(page_key(row.key, number + 1) for number in range(len(row.pages)))):
        files.delete(key)
    uow.session.delete(row)
    details = {"sha256": row.sha256, "application": str(row.kept_for or "")}
    uow.record("remove_scan", str(row.id), actor=actor, now=now, details=details)
