"""Events that scheduling hears: programmes, who is to be interviewed, who holds a seat, whose fee is paid."""

from sqlmodel import Session

from services.scheduling import actions
from shared.context import Context
from shared.events import billing, intake, review


def on_programme_published(session: Session, event: intake.ProgrammePublished, *, context: Context) -> None:
    actions.keep_programme(session, event.programme, actor=context.actor, now=context.now)


def on_programme_revised(session: Session, event: intake.ProgrammeRevised, *, context: Context) -> None:
    actions.keep_programme(session, event.programme, actor=context.actor, now=context.now)


def on_application_verified(session: Session, event: review.ApplicationVerified, *, context: Context) -> None:
    actions.open_candidate(session, event, actor=context.actor, now=context.now)


def on_application_rejected(session: Session, event: review.ApplicationRejected, *, context: Context) -> None:
    actions.cancel_candidate(session, event.application_id, actor=context.actor, now=context.now)


def on_application_withdrawn(session: Session, event: intake.ApplicationWithdrawn, *, context: Context) -> None:
    actions.note_withdrawal(
        session, event.application_id, withdrawn_at=event.withdrawn_at, actor=context.actor, now=context.now
    )


def on_student_admitted(session: Session, event: review.StudentAdmitted, *, context: Context) -> None:
    actions.admit_student(session, event, actor=context.actor, now=context.now)


def on_seat_released(session: Session, event: review.SeatReleased, *, context: Context) -> None:
    actions.release_student(session, event.application_id, reason=event.reason, actor=context.actor, now=context.now)


def on_fee_paid(session: Session, event: billing.FeePaid, *, context: Context) -> None:
    actions.note_fee(
        session, event.application_id, paid=True, paid_fen=event.paid_fen, actor=context.actor, now=context.now
    )


def on_fee_payment_reversed(session: Session, event: billing.FeePaymentReversed, *, context: Context) -> None:
    actions.note_fee(
        session, event.application_id, paid=False, paid_fen=event.paid_fen, actor=context.actor, now=context.now
    )
