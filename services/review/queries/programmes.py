"""Programmes as review knows them."""

from sqlmodel import Session, select

from services.review.errors import UnknownProgramme
from services.review.models import ProgrammeRow
from shared.events.intake import Programme
from shared.foundation.errors import NotFound


def programmes(session: Session) -> list[Programme]:
    """Every programme, the one that opened last first."""
    found = [Programme.model_validate(row.data) for row in session.exec(select(ProgrammeRow)).all()]
    return sorted(found, key=lambda programme: (programme.opens_at, programme.code), reverse=True)


def newest_programme(session: Session) -> Programme | None:
    """The programme that opened last, or None before the first."""
    return next(iter(programmes(session)), None)


def programme_of(session: Session, code: str) -> Programme:
    """The programme of that code. Raises UnknownProgramme."""
    row = session.get(ProgrammeRow, code)
    if row is None:
        raise UnknownProgramme(code)
    return Programme.model_validate(row.data)


def programme_asked(session: Session, code: str) -> Programme:
    """The programme of that code, or the newest where none is named. Raises NotFound before the first."""
    found = programme_of(session, code) if code else newest_programme(session)
    if found is None:
        raise NotFound("还没有收到培训项目，请先在报名受理中发布。", code="no-programme")
    return found
