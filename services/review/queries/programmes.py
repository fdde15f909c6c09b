"""Queries on review's copies of programmes."""

from sqlmodel import Session, select

from services.review.errors import UnknownProgramme
from services.review.models import ProgrammeRow
from shared.events.intake import Programme
from shared.foundation.errors import NotFound


def programmes(session: Session) -> list[Programme]:
    """List every programme, the last opened first."""
    found = [Programme.model_validate(row.data) for row in session.exec(select(ProgrammeRow)).all()]
    return sorted(found, key=lambda programme: (programme.opens_at, programme.code), reverse=True)


def newest_programme(session: Session) -> Programme | None:
    """Return the programme that opened last, or None before the first."""
    return next(iter(programmes(session)), None)


def programme_of(session: Session, code: str) -> Programme:
    """Return the programme with this code. Raises UnknownProgramme."""
    row = session.get(ProgrammeRow, code)
    if row is None:
        raise UnknownProgramme(code)
    return Programme.model_validate(row.data)


def chosen_programme(session: Session, code: str) -> Programme:
    """Return the programme with this code, or the newest for an empty code. Raises NotFound before the first."""
    found = programme_of(session, code) if code else newest_programme(session)
    if found is None:
        raise NotFound("还没有收到培训项目，请先在报名受理中发布。", code="no-programme")
    return found
