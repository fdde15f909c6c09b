"""Review's copy of a programme."""

from datetime import datetime

from sqlmodel import col, select

from services.review.actions.locking import get_programme_row, lock_cases, reload_ranking
from services.review.models import Admission, Case, ProgrammeRow, Ranking, ScoreSheet
from services.review.states import RankingState
from shared.events.intake import Programme
from shared.persistence.unit_of_work import UnitOfWork


def keep_programme(uow: UnitOfWork, programme: Programme, *, actor: str, now: datetime) -> None:
    """Store the newest version of a programme, and create the ranking with the first. An older or equal version changes
    nothing.

    Review keeps the numbers that its decisions used: after the first score sheet the rubric, after the freeze the
    quota, after the first admission the fees. A revision of these fields is ignored, and the copy keeps its version
    number, so that every decision names the version that it really used. The audit record lists the ignored fields.
    """
    row = get_programme_row(uow, programme.code)
    if row is None:
        _insert_programme(uow, programme, actor=actor, now=now)
        return
    if row.version >= programme.version:
        return
    lock_cases(uow, programme.code)
    before = Programme.model_validate(row.data)
    frozen = {name: getattr(before, name) for name in _frozen_fields(uow, programme.code)}
    refused = [name for name, value in frozen.items() if getattr(programme, name) != value]
    if refused:
        frozen["version"] = before.version
    row.version, row.received_at = programme.version, now
    row.data = programme.model_copy(update=frozen).model_dump(mode="json")
    uow.session.add(row)
    details = {"version": programme.version, "not_taken_over": refused}
    uow.record("keep_programme", programme.code, actor=actor, now=now, details=details)


def _insert_programme(uow: UnitOfWork, programme: Programme, *, actor: str, now: datetime) -> None:
    data = programme.model_dump(mode="json")
    uow.session.add(ProgrammeRow(code=programme.code, version=programme.version, data=data, received_at=now))
    uow.session.flush()
    uow.session.add(Ranking(programme=programme.code, state=RankingState.DRAFT))
    details = {"version": programme.version}
    uow.record("keep_programme", programme.code, actor=actor, now=now, details=details)


def _frozen_fields(uow: UnitOfWork, code: str) -> list[str]:
    """Return the fields that no revision may change any more. The caller holds every case's lock, so no sheet and no
    admission is in progress."""
    sheet = select(ScoreSheet.judge).join(Case, col(Case.id) == col(ScoreSheet.case_id)).where(Case.programme == code)
    admission = select(Admission.letter_no).where(Admission.programme == code)
    parts = ["scoring"] if uow.session.exec(sheet).first() else []
    if reload_ranking(uow, code).state != RankingState.DRAFT:
        parts += ["quota", "waiting_list_places"]
    return [*parts, "fee_lines"] if uow.session.exec(admission).first() else parts
