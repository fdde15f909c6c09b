"""Event handlers: record other services' decisions on applications and their progress with programmes.

The platform reads the decisions. Progress freezes parts of a programme. Registered in bus.py.
"""

from services.intake import actions
from services.intake.states import Outcome
from shared.context import Context
from shared.events import billing, review, scheduling
from shared.persistence.unit_of_work import UnitOfWork


def on_application_returned(uow: UnitOfWork, event: review.ApplicationReturned, *, context: Context) -> None:
    actions.note_return(
        uow,
        event.application_id,
        [defect.model_dump() for defect in event.defects],
        correct_by=event.correct_by,
        actor=context.actor,
        now=context.now,
    )


def on_application_verified(uow: UnitOfWork, event: review.ApplicationVerified, *, context: Context) -> None:
    actions.note_outcome(uow, event.application_id, Outcome.VERIFIED, actor=context.actor, now=context.now)


def on_application_rejected(uow: UnitOfWork, event: review.ApplicationRejected, *, context: Context) -> None:
    actions.note_outcome(uow, event.application_id, Outcome.REJECTED, actor=context.actor, now=context.now)


def on_interview_scored(uow: UnitOfWork, event: review.InterviewScored, *, context: Context) -> None:
    actions.note_progress(uow, event.programme, "scored_at", actor=context.actor, now=context.now)


def on_student_admitted(uow: UnitOfWork, event: review.StudentAdmitted, *, context: Context) -> None:
    actions.note_progress(uow, event.programme, "ranked_at", "admitted_at", actor=context.actor, now=context.now)
    actions.note_outcome(uow, event.application_id, Outcome.ADMITTED, actor=context.actor, now=context.now)


def on_applicant_waitlisted(uow: UnitOfWork, event: review.ApplicantWaitlisted, *, context: Context) -> None:
    actions.note_progress(uow, event.programme, "ranked_at", actor=context.actor, now=context.now)
    actions.note_outcome(uow, event.application_id, Outcome.WAITLISTED, actor=context.actor, now=context.now)


def on_applicant_not_selected(uow: UnitOfWork, event: review.ApplicantNotSelected, *, context: Context) -> None:
    actions.note_progress(uow, event.programme, "ranked_at", actor=context.actor, now=context.now)
    actions.note_outcome(uow, event.application_id, Outcome.NOT_SELECTED, actor=context.actor, now=context.now)


def on_seat_released(uow: UnitOfWork, event: review.SeatReleased, *, context: Context) -> None:
    actions.note_outcome(uow, event.application_id, Outcome.SEAT_RELEASED, actor=context.actor, now=context.now)


def on_student_registered(uow: UnitOfWork, event: scheduling.StudentRegistered, *, context: Context) -> None:
    actions.note_outcome(uow, event.application_id, Outcome.REGISTERED, actor=context.actor, now=context.now)


def on_certificate_recorded(uow: UnitOfWork, event: scheduling.CertificateRecorded, *, context: Context) -> None:
    outcome = Outcome.CERTIFIED if event.certified else Outcome.NOT_CERTIFIED
    actions.note_outcome(uow, event.application_id, outcome, actor=context.actor, now=context.now)
    actions.note_closing(uow, event.application_id, context.now, actor=context.actor, now=context.now)


def on_refund_closed(uow: UnitOfWork, event: billing.RefundClosed, *, context: Context) -> None:
    actions.note_closing(uow, event.application_id, event.closed_at, actor=context.actor, now=context.now)
