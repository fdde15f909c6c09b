"""Review's copy of a programme."""

from datetime import datetime

from sqlmodel import Session, select

from services.review.models import ProgrammeRow, Ranking
from services.review.states import RankingState
from shared import audit
from shared.columns import locked
from shared.events.intake import Programme


def keep_programme(session: Session, programme: Programme, *, actor: str, now: datetime) -> None:
    """Keeps the newest version heard, and opens the ranking with the first; an older or equal one changes nothing."""
    row = session.exec(locked(select(ProgrammeRow).where(ProgrammeRow.code == programme.code))).one_or_none()
    if row is not None and row.version >= programme.version:
        return
    data = programme.model_dump(mode="json")
    if row is None:
        row = ProgrammeRow(code=programme.code, version=programme.version, data=data, heard_at=now)
        session.add(row)
        session.flush()
        session.add(Ranking(programme=programme.code, state=RankingState.DRAFT))
    row.version, row.data = programme.version, data
    session.add(row)
    audit.record(
        session, "keep_programme", programme.code, actor=actor, now=now, details={"version": programme.version}
    )
