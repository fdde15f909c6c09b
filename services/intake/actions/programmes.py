"""Publish and revise programmes, and import past participants."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from services.intake.errors import UnknownProgramme
from services.intake.models import PastParticipant, ProgrammeRow
from services.intake.rules.past_participants import PastPerson
from services.intake.rules.programmes import Progress, check_programme, check_revision
from shared.adapters.keyring import KeyRing
from shared.events.intake import Programme, ProgrammePublished, ProgrammeRevised
from shared.foundation.errors import Conflict, OutOfOrder
from shared.persistence.unit_of_work import UnitOfWork

Milestone = Literal["scored_at", "ranked_at", "admitted_at"]


def publish_programme(uow: UnitOfWork, programme: Programme, *, actor: str, now: datetime, keys: KeyRing) -> None:
    """Publish a programme to every service and create its encryption keys, which live as long as the programme.

    Raises Conflict if it is already published, Invalid for contradictory values.
    """
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
    """Replace a programme by its next version and publish ProgrammeRevised.

    Raises Conflict for a change of a frozen part, Invalid for contradictory values.
    """
    row = locked_programme(uow, programme.code)
    check_programme(programme)
    progress = Progress(bool(row.scored_at), bool(row.ranked_at), bool(row.admitted_at))
    check_revision(Programme.model_validate(row.data), programme, progress=progress, now=now)
    row.version, row.data = programme.version, programme.model_dump(mode="json")
    uow.session.add(row)
    uow.record("revise_programme", row.code, actor=actor, now=now, details={"version": row.version})
    uow.publish(ProgrammeRevised(programme=programme), now=now)


def note_progress(uow: UnitOfWork, code: str, *milestones: Milestone, actor: str, now: datetime) -> None:
    """Record the first time that other services reached a milestone of a programme.

    A milestone freezes parts of the programme (design.md, decision 10). The row is locked only for a new milestone, so
    that a stream of events does not wait for the lock. Raises OutOfOrder for an unknown programme.
    """
    row = uow.session.get(ProgrammeRow, code)
    if row is None:
        raise OutOfOrder(f"programme {code}")
    if all(getattr(row, name) for name in milestones):
        return
    row = locked_programme(uow, code)
    for name in milestones:
        setattr(row, name, getattr(row, name) or now)
    uow.session.add(row)
    uow.record("note_progress", code, actor=actor, now=now, details={"reached": list(milestones)})


def import_past_participants(
    uow: UnitOfWork, people: Iterable[PastPerson], *, actor: str, now: datetime, keys: KeyRing
) -> int:
    """Add past participants. Return the number of new ones; repeats add none."""
    added = 0
    for number, name, programme in people:
        index = keys.index("identity", number)
        if uow.session.get(PastParticipant, index) is None:
            uow.session.add(PastParticipant(identity_index=index, programme=programme, name=name, recorded_at=now))
            uow.session.flush()
            added += 1
    uow.record("import_past_participants", "past_participant", actor=actor, now=now, details={"added": added})
    return added


def locked_programme(uow: UnitOfWork, code: str) -> ProgrammeRow:
    """Lock and return the programme's row, which holds the serial number. Raises UnknownProgramme."""
    row = uow.get_locked(ProgrammeRow, code)
    if row is None:
        raise UnknownProgramme(code)
    return row
