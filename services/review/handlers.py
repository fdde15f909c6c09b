"""Event handlers of review: programmes and applications from intake, interviews from scheduling, payments from
billing."""

from services.review import actions
from shared.context import Context
from shared.events import billing, intake, scheduling
from shared.persistence.unit_of_work import UnitOfWork


def on_programme_published(uow: UnitOfWork, event: intake.ProgrammePublished, *, context: Context) -> None:
    actions.keep_programme(uow, event.programme, actor=context.actor, now=context.now)


def on_application_submitted(uow: UnitOfWork, event: intake.ApplicationSubmitted, *, context: Context) -> None:
    actions.open_case(uow, event, actor=context.actor, now=context.now)


def on_application_resubmitted(uow: UnitOfWork, event: intake.ApplicationResubmitted, *, context: Context) -> None:
    actions.reopen_case(uow, event, actor=context.actor, now=context.now)


def on_student_consented(uow: UnitOfWork, event: intake.StudentConsented, *, context: Context) -> None:
    actions.note_consent(
        uow, event.application_id, consented_at=event.consented_at, actor=context.actor, now=context.now
    )


def on_application_withdrawn(uow: UnitOfWork, event: intake.ApplicationWithdrawn, *, context: Context) -> None:
    actions.withdraw_case(uow, event.application_id, reason=event.reason, actor=context.actor, now=context.now)


def on_interview_scheduled(uow: UnitOfWork, event: scheduling.InterviewScheduled, *, context: Context) -> None:
    actions.note_interview(uow, event, actor=context.actor, now=context.now)


def on_interview_missed(uow: UnitOfWork, event: scheduling.InterviewMissed, *, context: Context) -> None:
    actions.note_missed_interview(
        uow,
        event.application_id,
        missed_at=event.missed_at,
        final=event.final,
        actor=context.actor,
        now=context.now,
    )


def on_fee_paid(uow: UnitOfWork, event: billing.FeePaid, *, context: Context) -> None:
    actions.note_fee_paid(uow, event, actor=context.actor, now=context.now)


def on_fee_payment_reversed(uow: UnitOfWork, event: billing.FeePaymentReversed, *, context: Context) -> None:
    actions.note_fee_reversed(uow, event.application_id, actor=context.actor, now=context.now)


def on_fee_overdue(uow: UnitOfWork, event: billing.FeeOverdue, *, context: Context) -> None:
    actions.note_fee_overdue(uow, event, actor=context.actor, now=context.now)


def on_refund_sent(uow: UnitOfWork, event: billing.RefundSent, *, context: Context) -> None:
    actions.note_refund_sent(uow, event, actor=context.actor, now=context.now)


def on_student_registered(uow: UnitOfWork, event: scheduling.StudentRegistered, *, context: Context) -> None:
    actions.note_registration(
        uow, event.application_id, registered_at=event.registered_at, actor=context.actor, now=context.now
    )
