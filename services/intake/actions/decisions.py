"""Record other services' decisions on an application, for the platform and the student. Called by handlers.py."""

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
    """Return an application for correction at review's request, and notify the student. Ignored after a withdrawal."""
    row = known_application(uow, application_id)
    if row.state == ApplicationState.WITHDRAWN:
        return
    step(row, ApplicationState.RETURNED)
    row.defects, row.correct_by, row.outcome = defects, correct_by, None
    uow.session.add(row)
    uow.record("note_return", str(row.id), actor=actor, now=now)
    enqueue(uow, SendReturnNotice(application_id=row.id, revision=row.revision))


def note_outcome(uow: UnitOfWork, application_id: UUID, outcome: Outcome, *, actor: str, now: datetime) -> None:
    """Store the outcome that another service decided, for display.

    A repeat changes nothing. An outcome that a later step has overtaken is ignored.
    """
    row = known_application(uow, application_id)
    if row.outcome in OVERTAKEN.get(outcome, ()):
        return
    row.outcome = outcome
    uow.session.add(row)
    uow.record("note_outcome", str(row.id), actor=actor, now=now, details={"outcome": outcome})


def note_closing(
    uow: UnitOfWork, application_id: UUID, closed_at: datetime | None, *, actor: str, now: datetime
) -> None:
    """Store `closed_at`, the time (UTC) when the last open matter of an application was settled.

    The service that settles the last matter reports it. None means that a matter was reopened.
    """
    row = known_application(uow, application_id)
    row.closed_at = closed_at
    uow.session.add(row)
    uow.record("note_closing", str(row.id), actor=actor, now=now)
