"""Publishing and revising programmes, and the list of those who attended before."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from sqlmodel import select

from services.intake.errors import UnknownProgramme
from services.intake.models import PastParticipant, ProgrammeRow
from services.intake.rules.identifiers import normalised
from services.intake.rules.programmes import Progress, check_programme, check_revision
from shared.adapters.keyring import KeyRing
from shared.events.intake import Programme, ProgrammePublished, ProgrammeRevised
from shared.foundation.errors import Conflict, OutOfOrder
from shared.persistence.columns import for_update
from shared.persistence.unit_of_work import UnitOfWork

Milestone = Literal["scored_at", "ranked_at", "admitted_at"]


def publish_programme(uow: UnitOfWork, programme: Programme, *, actor: str, now: datetime, keys: KeyRing) -> None:
    """Opens a programme to every service. Its keys are made here, because they begin and end with the programme."""
    check_programme(programme)
    if uow.session.get(ProgrammeRow, programme.code):
        raise Conflict("项目“{code}”已发布;如需更改,请修订。", code="programme-exists", values={"code": programme.code})
    keys.create(programme.code)
    row = ProgrammeRow(
        code=programme.code, version=programme.version, data=programme.model_dump(mode="json"), published_at=now
    )
    uow.session.add(row)
    uow.record("publish_programme", programme.code, actor=actor, now=now)
    uow.publish(ProgrammePublished(programme=programme), now=now)


def revise_programme(uow: UnitOfWork, programme: Programme, *, actor: str, now: datetime) -> None:
    """Replaces a programme by its next version -> ProgrammeRevised. Raises Conflict for what is frozen by now."""
    row = locked_programme(uow, programme.code)
    check_programme(programme)
    progress = Progress(bool(row.scored_at), bool(row.ranked_at), bool(row.admitted_at))
    check_revision(Programme.model_validate(row.data), programme, progress=progress, now=now)
    row.version, row.data = programme.version, programme.model_dump(mode="json")
    uow.session.add(row)
    uow.record("revise_programme", row.code, actor=actor, now=now, details={"version": row.version})
    uow.publish(ProgrammeRevised(programme=programme), now=now)


def note_progress(uow: UnitOfWork, code: str, *reached: Milestone, actor: str, now: datetime) -> None:
    """Remembers that the other services have come so far with a programme, because that freezes parts of it (design.md,
    decision 10). Only the first time counts; the row is locked only then, so that a stream of events never waits."""
    row = uow.session.get(ProgrammeRow, code)
    if row is None:
        raise OutOfOrder(f"programme {code}")
    if all(getattr(row, name) for name in reached):
        return
    row = locked_programme(uow, code)
    for name in reached:
        setattr(row, name, getattr(row, name) or now)
    uow.session.add(row)
    uow.record("note_progress", code, actor=actor, now=now, details={"reached": list(reached)})


def import_past_participants(
    uow: UnitOfWork, people: Iterable[tuple[str, str, str]], *, actor: str, now: datetime, keys: KeyRing
) -> int:
    """Adds people who attended before: (document number, name, programme). Returns how many were new; repeats add none."""
    added = 0
    for number, name, programme in people:
        index = keys.index("identity", normalised(number))
        if uow.session.get(PastParticipant, index) is None:
            uow.session.add(PastParticipant(identity_index=index, programme=programme, name=name, recorded_at=now))
            uow.session.flush()
            added += 1
    uow.record("import_past_participants", "past_participant", actor=actor, now=now, details={"added": added})
    return added


def locked_programme(uow: UnitOfWork, code: str) -> ProgrammeRow:
    """The programme's row, locked: it hands out serial numbers. Raises UnknownProgramme."""
    query = for_update(select(ProgrammeRow).where(ProgrammeRow.code == code)).execution_options(populate_existing=True)
    row = uow.session.exec(query).one_or_none()
    if row is None:
        raise UnknownProgramme(code)
    found: ProgrammeRow = row
    return found
