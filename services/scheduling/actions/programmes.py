"""Scheduling's copies of programmes."""

from datetime import datetime

from services.scheduling.actions.locking import get_programme_row
from services.scheduling.models import ProgrammeRow
from shared.events.intake import Programme
from shared.persistence.unit_of_work import UnitOfWork


def keep_programme(uow: UnitOfWork, programme: Programme, *, actor: str, now: datetime) -> None:
    """Store a programme unless a newer version is known; a repeat changes nothing."""
    row = get_programme_row(uow, programme.code)
    if row is not None and row.version >= programme.version:
        return
    if row is None:
        row = ProgrammeRow(code=programme.code, version=0, data={}, received_at=now)
    row.version, row.data, row.received_at = programme.version, programme.model_dump(mode="json"), now
    uow.session.add(row)
    details = {"version": programme.version}
    uow.record("keep_programme", programme.code, actor=actor, now=now, details=details)
