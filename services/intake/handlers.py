"""Events that intake hears: what the other services decided of an application, for the platform to read, and how far they
have come with a programme, because that freezes parts of it."""

from sqlmodel import Session

from services.intake import actions
from services.intake.states import Outcome
from shared.context import Context
from shared.events import billing, review, scheduling


def on_application_returned(session: Session, event: review.ApplicationReturned, *, context: Context) -> None:
    actions.note_return(
        session,
        event.application_id,
        [defect.model_dump() for defect in event.defects],
        correct_by=event.correct_by,
        actor=context.actor,
        now=context.now,
    )


def on_application_verified(session: Session, event: review.ApplicationVerified, *, context: Context) -> None:
    actions.note_outcome(session, event.application_id, Outcome.VERIFIED, actor=context.actor, now=context.now)


def on_application_rejected(session: Session, event: review.ApplicationRejected, *, context: Context) -> None:
    actions.note_outcome(session, event.application_id, Outcome.REJECTED, actor=context.actor, now=context.now)


def on_interview_scored(session: Session, event: review.InterviewScored, *, context: Context) -> None:
    actions.note_progress(session, event.programme, "scored_at", actor=context.actor, now=context.now)


def on_student_admitted(session: Session, event: review.StudentAdmitted, *, context: Context) -> None:
    actions.note_progress(session, event.programme, "ranked_at", "admitted_at", actor=context.actor, now=context.now)
    actions.note_outcome(session, event.application_id, Outcome.ADMITTED, actor=context.actor, now=context.now)


def on_applicant_waitlisted(session: Session, event: review.ApplicantWaitlisted, *, context: Context) -> None:
    actions.note_progress(session, event.programme, "ranked_at", actor=context.actor, now=context.now)
    actions.note_outcome(session, event.application_id, Outcome.WAITLISTED, actor=context.actor, now=context.now)


def on_applicant_not_selected(session: Session, event: review.ApplicantNotSelected, *, context: Context) -> None:
    actions.note_progress(session, event.programme, "ranked_at", actor=context.actor, now=context.now)
    actions.note_outcome(session, event.application_id, Outcome.NOT_SELECTED, actor=context.actor, now=context.now)


def on_seat_released(session: Session, event: review.SeatReleased, *, context: Context) -> None:
    actions.note_outcome(session, event.application_id, Outcome.SEAT_RELEASED, actor=context.actor, now=context.now)


def on_student_registered(session: Session, event: scheduling.StudentRegistered, *, context: Context) -> None:
    actions.note_outcome(session, event.application_id, Outcome.REGISTERED, actor=context.actor, now=context.now)


def on_certificate_recorded(session: Session, event: scheduling.CertificateRecorded, *, context: Context) -> None:
    outcome = Outcome.CERTIFIED if event.certified else Outcome.NOT_CERTIFIED
    actions.note_outcome(session, event.application_id, outcome, actor=context.actor, now=context.now)
    actions.note_closing(session, event.application_id, context.now, actor=context.actor, now=context.now)


def on_refund_closed(session: Session, event: billing.RefundClosed, *, context: Context) -> None:
    actions.note_closing(session, event.application_id, event.closed_at, actor=context.actor, now=context.now)
