"""Store consumed events, with masks, for the timeline and the applicant search. Called by handlers.py."""

import json
from datetime import datetime

from services.portal.models import Applicant, Occurrence
from services.portal.rules.masking import masked
from shared.events import Event
from shared.events.envelope import Envelope
from shared.events.intake import ApplicationSubmitted
from shared.persistence.unit_of_work import UnitOfWork


def note_occurrence(uow: UnitOfWork, event: Event, *, envelope: Envelope) -> None:
    """Store one event; the inbox passes each event once.

    `last_type` and `last_at` of the applicant come from the newest event by business time, in any order of arrival.
    """
    uow.session.add(
        Occurrence(
            event_id=envelope.id,
            type=envelope.type,
            subject=envelope.subject,
            sequence=envelope.sequence,
            correlation_id=envelope.correlation_id,
            occurred_at=envelope.time,
            body=masked(json.loads(envelope.body)),
        )
    )
    application_id = getattr(event, "application_id", None)
    if application_id is None:
        return
    row = uow.session.get(Applicant, application_id) or Applicant(
        application_id=application_id,
        application_no="",
        programme=str(getattr(event, "programme", "")),
        student_name="",
        firm_name="",
        submitted_at=envelope.time,
        last_type=envelope.type,
        last_at=envelope.time,
    )
    if isinstance(event, ApplicationSubmitted):
        _update_details(row, event)
    _update_last_event(row, envelope.type, envelope.time)
    uow.session.add(row)


def _update_details(row: Applicant, event: ApplicationSubmitted) -> None:
    row.application_no, row.programme = event.application_no, event.programme
    row.student_name, row.firm_name = event.student.name, event.firm.name
    row.submitted_at = event.submitted_at


def _update_last_event(row: Applicant, event_type: str, at: datetime) -> None:
    if at >= row.last_at:
        row.last_type, row.last_at = event_type, at
