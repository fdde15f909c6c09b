"""The copy of a programme that scheduling keeps."""

from datetime import datetime

from sqlmodel import Session, select

from services.scheduling.models import ProgrammeRow
from shared import audit
from shared.columns import locked
from shared.events.intake import Programme


def keep_programme(session: Session, programme: Programme, *, actor: str, now: datetime) -> None:
    """Keeps the programme unless a newer version is known; a repeat changes nothing."""
    row = session.exec(locked(select(ProgrammeRow).where(ProgrammeRow.code == programme.code))).one_or_none()
    if row is not None and row.version >= programme.version:
        return
    if row is None:
        row = ProgrammeRow(code=programme.code, version=0, data={}, heard_at=now)
    row.version, row.data, row.heard_at = programme.version, programme.model_dump(mode="json"), now
    session.add(row)
    details = {"version": programme.version}
    audit.record(session, "keep_programme", programme.code, actor=actor, now=now, details=details)
