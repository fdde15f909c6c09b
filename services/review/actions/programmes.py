"""Review's copy of a programme."""

from datetime import datetime

from sqlmodel import col, select

from services.review.actions.locking import locked_cases, ranking_of
from services.review.models import Admission, Case, ProgrammeRow, Ranking, ScoreSheet
from services.review.states import RankingState
from shared.events.intake import Programme
from shared.persistence.columns import for_update
from shared.persistence.unit_of_work import UnitOfWork


def keep_programme(uow: UnitOfWork, programme: Programme, *, actor: str, now: datetime) -> None:
    """Keeps the newest version heard, and opens the ranking with the first; an older or equal one changes nothing.

    What review has decided by is not moved: a revision that crossed the first score sheet, the freeze or the first
    admission keeps review's rubric, quota or fees. The copy then goes on under the version of those numbers, so that
    every decision names the version that it really used; the audit log names what was not taken over.
    """
    query = for_update(select(ProgrammeRow).where(ProgrammeRow.code == programme.code))
    row = uow.session.exec(query.execution_options(populate_existing=True)).one_or_none()
    if row is None:
        _open(uow, programme, actor=actor, now=now)
        return
    if row.version >= programme.version:
        return
    locked_cases(uow, programme.code)
    before = Programme.model_validate(row.data)
    kept = {name: getattr(before, name) for name in _frozen_parts(uow, programme.code)}
    refused = [name for name, value in kept.items() if getattr(programme, name) != value]
    if refused:
        kept["version"] = before.version
    row.version, row.received_at = programme.version, now
    row.data = programme.model_copy(update=kept).model_dump(mode="json")
    uow.session.add(row)
    details = {"version": programme.version, "not_taken_over": refused}
    uow.record("keep_programme", programme.code, actor=actor, now=now, details=details)


def _open(uow: UnitOfWork, programme: Programme, *, actor: str, now: datetime) -> None:
    data = programme.model_dump(mode="json")
    uow.session.add(ProgrammeRow(code=programme.code, version=programme.version, data=data, received_at=now))
    uow.session.flush()
    uow.session.add(Ranking(programme=programme.code, state=RankingState.DRAFT))
    details = {"version": programme.version}
    uow.record("keep_programme", programme.code, actor=actor, now=now, details=details)


def _frozen_parts(uow: UnitOfWork, code: str) -> list[str]:
    """The fields that no revision moves any more. Every case is locked, so no sheet and no admission is under way."""
    sheet = select(ScoreSheet.judge).join(Case, col(Case.id) == col(ScoreSheet.case_id)).where(Case.programme == code)
    admission = select(Admission.letter_no).where(Admission.programme == code)
    parts = ["scoring"] if uow.session.exec(sheet).first() else []
    if ranking_of(uow, code).state != RankingState.DRAFT:
        parts += ["quota", "waiting_list_places"]
    return [*parts, "fee_lines"] if uow.session.exec(admission).first() else parts
