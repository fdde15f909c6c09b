"""Storing uploaded scans."""

from datetime import datetime
from uuid import uuid4

from sqlmodel import Session

from services.intake.errors import UnknownProgramme
from services.intake.models import PlatformClient, ProgrammeRow, StoredScan
from services.intake.rules.scans import media_type_of
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
    """Keeps a scan, encrypted, under an id of its own. A repeat makes a second one; only a referred one is kept for long."""
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
