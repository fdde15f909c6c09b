"""Storing uploaded scans, and removing them in time: those that no application came to refer to, and those of closed ones."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlmodel import and_, col, not_, or_, select

from services.intake.actions.programmes import locked_programme
from services.intake.errors import UnknownProgramme
from services.intake.models import Application, PlatformClient, ProgrammeRow, StoredScan
from services.intake.rules.scans import ATTENDED, NOT_ADMITTED, UNREFERRED, media_type_of
from services.intake.states import Outcome
from shared.adapters.files import FileStore
from shared.persistence.columns import for_update
from shared.persistence.unit_of_work import UnitOfWork


def store_scan(
    uow: UnitOfWork,
    content: bytes,
    *,
    declared: str,
    programme: str,
    client: PlatformClient,
    actor: str,
    now: datetime,
    files: FileStore,
) -> StoredScan:
    """Keeps a scan, encrypted, under an id of its own. A repeat makes a second one; one that no application refers to is
    removed after UNREFERRED."""
    if uow.session.get(ProgrammeRow, programme) is None:
        raise UnknownProgramme(programme)
    media_type = media_type_of(content, declared)
    scan_id = uuid4()
    key = f"scans/{programme}/{scan_id}"
    claim = files.put(content, kind="scan", programme=programme, media_type=media_type, purpose="scan", key=key)
    row = StoredScan(
        id=scan_id,
        client_id=client.id,
        programme=programme,
        key=key,
        sha256=claim.sha256,
        media_type=media_type,
        size=claim.size,
        uploaded_at=now,
    )
    uow.session.add(row)
    uow.record("store_scan", str(scan_id), actor=actor, now=now, details={"sha256": claim.sha256})
    return row


def keep_scans(uow: UnitOfWork, application_id: UUID, content: Mapping[str, Any]) -> None:
    """Notes that the scans of this content belong to the application, also once a correction brings others."""
    keys = [scan["key"] for scan in content["scans"]]
    for row in uow.session.exec(select(StoredScan).where(col(StoredScan.key).in_(keys))).all():
        row.kept_for = application_id
        uow.session.add(row)


def remove_unreferred_scans(uow: UnitOfWork, *, actor: str, now: datetime, files: FileStore) -> None:
    """Removes what was uploaded UNREFERRED ago and that no application refers to, file and row; the audit log keeps the
    hash. The programme's lock keeps a filing from referring to it meanwhile."""
    old = select(StoredScan).where(col(StoredScan.kept_for).is_(None), col(StoredScan.uploaded_at) <= now - UNREFERRED)
    for code in sorted({row.programme for row in uow.session.exec(old).all()}):
        locked_programme(uow, code)
        for filed in uow.session.exec(select(Application).where(Application.programme == code)).all():
            keep_scans(uow, filed.id, filed.content)
        uow.session.flush()
        for row in uow.session.exec(old.where(StoredScan.programme == code)).all():
            _remove(uow, row, actor=actor, now=now, files=files)


def remove_scans_of_closed(uow: UnitOfWork, *, actor: str, now: datetime, files: FileStore) -> None:
    """Removes the scans of applications that have been closed for as long as scans are kept; a seat that is held keeps them,
    and so does another application that refers to the same scan. Once for each application; the audit log keeps the hashes."""
    kept = select(Application).where(col(Application.scans_removed_at).is_(None))
    codes = select(Application.programme).where(_are_due(now), col(Application.scans_removed_at).is_(None)).distinct()
    for code in sorted(uow.session.exec(codes).all()):
        locked_programme(uow, code)
        of_this = kept.where(Application.programme == code).order_by(col(Application.id))
        due = uow.session.exec(for_update(of_this.where(_are_due(now)))).all()
        others = uow.session.exec(of_this.where(col(Application.id).not_in([one.id for one in due]))).all()
        for application in (*due, *others):
            keep_scans(uow, application.id, application.content)
            uow.session.flush()
        for application in due:
            for row in uow.session.exec(select(StoredScan).where(StoredScan.kept_for == application.id)).all():
                _remove(uow, row, actor=actor, now=now, files=files)
            application.scans_removed_at = now
            uow.session.add(application)


def _are_due(now: datetime) -> Any:
    attended = col(Application.outcome).in_((Outcome.CERTIFIED, Outcome.NOT_CERTIFIED))
    seated = col(Application.outcome).in_((Outcome.ADMITTED, Outcome.REGISTERED))
    elsewhere = or_(col(Application.outcome).is_(None), not_(or_(attended, seated)))
    return or_(
        and_(attended, col(Application.closed_at) <= now - ATTENDED),
        and_(elsewhere, col(Application.closed_at) <= now - NOT_ADMITTED),
    )


def _remove(uow: UnitOfWork, row: StoredScan, *, actor: str, now: datetime, files: FileStore) -> None:
    files.delete(row.key)
    uow.session.delete(row)
    details = {"sha256": row.sha256, "application": str(row.kept_for or "")}
    uow.record("remove_scan", str(row.id), actor=actor, now=now, details=details)
