"""What other services decided of an application, noted for the platform and the student. Called by handlers.py."""

from datetime import datetime
from uuid import UUID

from services.intake.actions.locking import known_application, step
from services.intake.jobs import SendReturnNotice
from services.intake.states import OVERTAKEN, ApplicationState, Outcome
from shared.jobs.job import enqueue
from shared.persistence.unit_of_work import UnitOfWork


def note_return(
    uow: UnitOfWork,
    application_id: UUID,
    defects: list[dict[str, str]],
    *,
    correct_by: datetime,
    actor: str,
    now: datetime,
) -> None:
    """Opens an application for correction, as review asked, and writes to the student."""
    row = known_application(uow, application_id)
    if row.state == ApplicationState.WITHDRAWN:
        return
    step(row, ApplicationState.RETURNED)
    row.defects, row.correct_by, row.outcome = defects, correct_by, None
    uow.session.add(row)
    uow.record("note_return", str(row.id), actor=actor, now=now)
    enqueue(uow, SendReturnNotice(application_id=row.id, revision=row.revision))


def note_outcome(uow: UnitOfWork, application_id: UUID, outcome: Outcome, *, actor: str, now: datetime) -> None:
    """Shows what another service decided; the newest event of a part decides, so a repeat changes nothing, nor does one
    that was overtaken by a later step."""
    row = known_application(uow, application_id)
    if row.outcome in OVERTAKEN.get(outcome, ()):
        return
    row.outcome = outcome
    uow.session.add(row)
    uow.record("note_outcome", str(row.id), actor=actor, now=now, details={"outcome": outcome})


def note_closing(
    uow: UnitOfWork, application_id: UUID, closed_at: datetime | None, *, actor: str, now: datetime
) -> None:
    """Since when nothing is open with an application, by whoever had the last thing to do with it; None when something is
    again."""
    row = known_application(uow, application_id)
    row.closed_at = closed_at
    uow.session.add(row)
    uow.record("note_closing", str(row.id), actor=actor, now=now)
