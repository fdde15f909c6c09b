"""What other services decided of an application, noted for the platform and the student. Called by handlers.py."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from services.intake.actions.locking import known_application, step
from services.intake.jobs import SendReturnNotice
from services.intake.states import OVERTAKEN, ApplicationState, Outcome
from shared.jobs.job import enqueue
from shared.persistence import audit


def note_return(
    session: Session,
    application_id: UUID,
    defects: list[dict[str, str]],
    *,
    correct_by: datetime,
    actor: str,
    now: datetime,
) -> None:
    """Opens an application for correction, as review asked, and writes to the student."""
    row = known_application(session, application_id)
    if row.state == ApplicationState.WITHDRAWN:
        return
    step(row, ApplicationState.RETURNED)
    row.defects, row.correct_by, row.outcome = defects, correct_by, None
    session.add(row)
    audit.record(session, "note_return", str(row.id), actor=actor, now=now)
    enqueue(session, SendReturnNotice(application_id=row.id, revision=row.revision))


def note_outcome(session: Session, application_id: UUID, outcome: Outcome, *, actor: str, now: datetime) -> None:
    """Shows what another service decided; the newest event of a part decides, so a repeat changes nothing, nor does one
    that was overtaken by a later step."""
    row = known_application(session, application_id)
    if row.outcome in OVERTAKEN.get(outcome, ()):
        return
    row.outcome = outcome
    session.add(row)
    audit.record(session, "note_outcome", str(row.id), actor=actor, now=now, details={"outcome": outcome})


def note_closing(
    session: Session, application_id: UUID, closed_at: datetime | None, *, actor: str, now: datetime
) -> None:
    """Since when nothing is open with an application, by whoever had the last thing to do with it; None when something is
    again."""
    row = known_application(session, application_id)
    row.closed_at = closed_at
    session.add(row)
    audit.record(session, "note_closing", str(row.id), actor=actor, now=now)
