"""Storing uploaded scans, and removing those that no application came to refer to."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlmodel import Session, col, select

from services.intake.actions.programmes import locked_programme
from services.intake.errors import UnknownProgramme
from services.intake.models import Application, PlatformClient, ProgrammeRow, StoredScan
from services.intake.rules.scans import UNREFERRED_DAYS, media_type_of
from shared import audit
from shared.files import FileStore


def store_scan(
    session: Session,
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
    removed after UNREFERRED_DAYS."""
    if session.get(ProgrammeRow, programme) is None:
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
    session.add(row)
    audit.record(session, "store_scan", str(scan_id), actor=actor, now=now, details={"sha256": claim.sha256})
    return row


def keep_scans(session: Session, application_id: UUID, content: Mapping[str, Any]) -> None:
    """Notes that the scans of this content belong to the application, also once a correction brings others."""
    keys = [scan["key"] for scan in content["scans"]]
    for row in session.exec(select(StoredScan).where(col(StoredScan.key).in_(keys))).all():
        row.kept_for = application_id
        session.add(row)


def remove_unreferred_scans(session: Session, *, actor: str, now: datetime, files: FileStore) -> None:
    """Removes what was uploaded UNREFERRED_DAYS ago and that no application refers to, file and row; the audit log keeps the
    hash. The programme's lock keeps a filing from referring to it meanwhile."""
    old = select(StoredScan).where(
        col(StoredScan.kept_for).is_(None), col(StoredScan.uploaded_at) <= now - timedelta(days=UNREFERRED_DAYS)
    )
    for code in sorted({row.programme for row in session.exec(old).all()}):
        locked_programme(session, code)
        for filed in session.exec(select(Application).where(Application.programme == code)).all():
            keep_scans(session, filed.id, filed.content)
        session.flush()
        for row in session.exec(old.where(StoredScan.programme == code)).all():
            files.delete(row.key)
            session.delete(row)
            audit.record(session, "remove_scan", str(row.id), actor=actor, now=now, details={"sha256": row.sha256})
