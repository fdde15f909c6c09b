"""Events that billing hears: programmes and applications of intake, standings and refunds of review. One action each."""

from sqlmodel import Session

from services.billing import actions
from shared.context import Context
from shared.events import intake, review


def on_programme_published(session: Session, event: intake.ProgrammePublished, *, context: Context) -> None:
    actions.keep_programme(session, event.programme, actor=context.actor, now=context.now)


def on_programme_revised(session: Session, event: intake.ProgrammeRevised, *, context: Context) -> None:
    actions.keep_programme(session, event.programme, actor=context.actor, now=context.now)


def on_application_submitted(session: Session, event: intake.ApplicationSubmitted, *, context: Context) -> None:
    actions.open_fee_account(session, event, actor=context.actor, now=context.now)


def on_application_resubmitted(session: Session, event: intake.ApplicationResubmitted, *, context: Context) -> None:
    actions.open_fee_account(session, event, actor=context.actor, now=context.now)


def on_application_withdrawn(session: Session, event: intake.ApplicationWithdrawn, *, context: Context) -> None:
    actions.note_withdrawal(session, event.application_id, actor=context.actor, now=context.now)


def on_application_rejected(session: Session, event: review.ApplicationRejected, *, context: Context) -> None:
    actions.end_account(session, event.application_id, "rejected", actor=context.actor, now=context.now)


def on_student_admitted(session: Session, event: review.StudentAdmitted, *, context: Context) -> None:
    actions.make_fee_due(session, event, actor=context.actor, now=context.now)


def on_applicant_waitlisted(session: Session, event: review.ApplicantWaitlisted, *, context: Context) -> None:
    actions.hold_for_waiting_list(session, event.application_id, actor=context.actor, now=context.now)


def on_applicant_not_selected(session: Session, event: review.ApplicantNotSelected, *, context: Context) -> None:
    actions.end_account(session, event.application_id, "not_selected", actor=context.actor, now=context.now)


def on_seat_released(session: Session, event: review.SeatReleased, *, context: Context) -> None:
    actions.end_account(session, event.application_id, event.reason, actor=context.actor, now=context.now)


def on_refund_ordered(session: Session, event: review.RefundOrdered, *, context: Context) -> None:
    actions.order_refund(session, event.application_id, event.reason, actor=context.actor, now=context.now)
