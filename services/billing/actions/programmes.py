"""Keeping the copy of a programme. Called by handlers.py."""

from datetime import datetime

from sqlmodel import Session

from services.billing.actions.fees import revise_fees
from services.billing.models import ProgrammeRow
from shared.events.intake import Programme
from shared.persistence import audit


def keep_programme(session: Session, programme: Programme, *, actor: str, now: datetime) -> None:
    """Keeps the newest version, and lets its fee be owed where none is due yet; an older one, or the same again, changes
    nothing."""
    row = session.get(ProgrammeRow, programme.code)
    if row is not None and row.version >= programme.version:
        return
    row = row or ProgrammeRow(code=programme.code, version=0, account_number="", data={})
    row.version, row.data = programme.version, programme.model_dump(mode="json")
    row.account_number = "".join(filter(str.isdigit, programme.remittance.account_number))
    session.add(row)
    audit.record(session, "keep_programme", row.code, actor=actor, now=now, details={"version": row.version})
    session.flush()
    revise_fees(session, programme, actor=actor, now=now)
