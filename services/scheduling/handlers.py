"""Event handlers of scheduling: programmes, verified candidates, seats, and fees."""

from services.scheduling import actions
from shared.context import Context
from shared.events import billing, intake, review
from shared.persistence.unit_of_work import UnitOfWork


def on_programme_published(uow: UnitOfWork, event: intake.ProgrammePublished, *, context: Context) -> None:
    actions.keep_programme(uow, event.programme, actor=context.actor, now=context.now)


def on_programme_revised(uow: UnitOfWork, event: intake.ProgrammeRevised, *, context: Context) -> None:
    actions.keep_programme(uow, event.programme, actor=context.actor, now=context.now)


def on_application_verified(uow: UnitOfWork, event: review.ApplicationVerified, *, context: Context) -> None:
    actions.open_candidate(uow, event, actor=context.actor, now=context.now)


def on_application_rejected(uow: UnitOfWork, event: review.ApplicationRejected, *, context: Context) -> None:
    actions.cancel_candidate(uow, event.application_id, actor=context.actor, now=context.now)


def on_application_withdrawn(uow: UnitOfWork, event: intake.ApplicationWithdrawn, *, context: Context) -> None:
    actions.note_withdrawal(
        uow, event.application_id, withdrawn_at=event.withdrawn_at, actor=context.actor, now=context.now
    )


def on_student_admitted(uow: UnitOfWork, event: review.StudentAdmitted, *, context: Context) -> None:
    actions.admit_student(uow, event, actor=context.actor, now=context.now)


def on_seat_released(uow: UnitOfWork, event: review.SeatReleased, *, context: Context) -> None:
    actions.release_student(uow, event.application_id, reason=event.reason, actor=context.actor, now=context.now)


def on_fee_paid(uow: UnitOfWork, event: billing.FeePaid, *, context: Context) -> None:
    actions.note_fee(
        uow, event.application_id, paid=True, paid_fen=event.paid_fen, actor=context.actor, now=context.now
    )


def on_fee_payment_reversed(uow: UnitOfWork, event: billing.FeePaymentReversed, *, context: Context) -> None:
    actions.note_fee(
        uow, event.application_id, paid=False, paid_fen=event.paid_fen, actor=context.actor, now=context.now
    )
