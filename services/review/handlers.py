"""Events that review hears: programmes and applications from intake, interviews from scheduling, money from billing."""

from sqlmodel import Session

from services.review import actions
from shared.context import Context
from shared.events import billing, intake, scheduling


def on_programme_published(session: Session, event: intake.ProgrammePublished, *, context: Context) -> None:
    actions.keep_programme(session, event.programme, actor=context.actor, now=context.now)


def on_application_submitted(session: Session, event: intake.ApplicationSubmitted, *, context: Context) -> None:
    actions.open_case(session, event, actor=context.actor, now=context.now)


def on_application_resubmitted(session: Session, event: intake.ApplicationResubmitted, *, context: Context) -> None:
    actions.reopen_case(session, event, actor=context.actor, now=context.now)


def on_student_consented(session: Session, event: intake.StudentConsented, *, context: Context) -> None:
    actions.note_consent(
        session, event.application_id, consented_at=event.consented_at, actor=context.actor, now=context.now
    )


def on_application_withdrawn(session: Session, event: intake.ApplicationWithdrawn, *, context: Context) -> None:
    actions.withdraw_case(session, event.application_id, reason=event.reason, actor=context.actor, now=context.now)


def on_interview_scheduled(session: Session, event: scheduling.InterviewScheduled, *, context: Context) -> None:
    actions.note_interview(session, event, actor=context.actor, now=context.now)


def on_interview_missed(session: Session, event: scheduling.InterviewMissed, *, context: Context) -> None:
    actions.note_missed_interview(
        session,
        event.application_id,
        missed_at=event.missed_at,
        final=event.final,
        actor=context.actor,
        now=context.now,
    )


def on_fee_paid(session: Session, event: billing.FeePaid, *, context: Context) -> None:
    actions.note_fee_paid(session, event, actor=context.actor, now=context.now)


def on_fee_payment_reversed(session: Session, event: billing.FeePaymentReversed, *, context: Context) -> None:
    actions.note_fee_reversed(session, event.application_id, actor=context.actor, now=context.now)


def on_fee_overdue(session: Session, event: billing.FeeOverdue, *, context: Context) -> None:
    actions.note_fee_overdue(session, event, actor=context.actor, now=context.now)


def on_refund_sent(session: Session, event: billing.RefundSent, *, context: Context) -> None:
    actions.note_refund_sent(session, event, actor=context.actor, now=context.now)


def on_student_registered(session: Session, event: scheduling.StudentRegistered, *, context: Context) -> None:
    actions.note_registration(
        session, event.application_id, registered_at=event.registered_at, actor=context.actor, now=context.now
    )
