"""The copy of a programme that scheduling keeps."""

from datetime import datetime

from sqlmodel import Session, select

from services.scheduling.models import ProgrammeRow
from shared.events.intake import Programme
from shared.persistence import audit
from shared.persistence.columns import for_update


def keep_programme(session: Session, programme: Programme, *, actor: str, now: datetime) -> None:
    """Keeps the programme unless a newer version is known; a repeat changes nothing."""
    row = session.exec(for_update(select(ProgrammeRow).where(ProgrammeRow.code == programme.code))).one_or_none()
    if row is not None and row.version >= programme.version:
        return
    if row is None:
        row = ProgrammeRow(code=programme.code, version=0, data={}, received_at=now)
    row.version, row.data, row.received_at = programme.version, programme.model_dump(mode="json"), now
    session.add(row)
    details = {"version": programme.version}
    audit.record(session, "keep_programme", programme.code, actor=actor, now=now, details=details)
