"""Queries on scheduling's copies of programmes."""

from sqlmodel import Session, col, select

from services.scheduling.errors import UnknownProgramme
from services.scheduling.models import ProgrammeRow
from shared.events.intake import Programme


def programme_of(session: Session, code: str) -> Programme:
    """Return the newest received version of a programme. Raises UnknownProgramme."""
    row = session.get(ProgrammeRow, code)
    if row is None:
        raise UnknownProgramme
    return Programme.model_validate(row.data)


def programmes(session: Session) -> list[Programme]:
    """List every programme, newest first."""
    rows = session.exec(select(ProgrammeRow).order_by(col(ProgrammeRow.received_at).desc())).all()
    return [Programme.model_validate(row.data) for row in rows]


def chosen_programme(session: Session, code: str = "") -> Programme:
    """Return the programme with this code, or the newest for an empty code. Raises UnknownProgramme, also if there is
    none yet."""
    if code:
        return programme_of(session, code)
    known = programmes(session)
    if not known:
        raise UnknownProgramme
    return known[0]
