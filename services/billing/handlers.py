"""Handlers of billing's events: programmes and applications from intake, admissions and refunds from review. One action
each.
"""

from services.billing import actions
from shared.context import Context
from shared.events import intake, review
from shared.persistence.unit_of_work import UnitOfWork


def on_programme_published(uow: UnitOfWork, event: intake.ProgrammePublished, *, context: Context) -> None:
    actions.keep_programme(uow, event.programme, actor=context.actor, now=context.now)


def on_programme_revised(uow: UnitOfWork, event: intake.ProgrammeRevised, *, context: Context) -> None:
    actions.keep_programme(uow, event.programme, actor=context.actor, now=context.now)


def on_application_submitted(uow: UnitOfWork, event: intake.ApplicationSubmitted, *, context: Context) -> None:
    actions.open_fee_account(uow, event, actor=context.actor, now=context.now)


def on_application_resubmitted(uow: UnitOfWork, event: intake.ApplicationResubmitted, *, context: Context) -> None:
    actions.open_fee_account(uow, event, actor=context.actor, now=context.now)


def on_application_withdrawn(uow: UnitOfWork, event: intake.ApplicationWithdrawn, *, context: Context) -> None:
    actions.note_withdrawal(uow, event.application_id, actor=context.actor, now=context.now)


def on_application_rejected(uow: UnitOfWork, event: review.ApplicationRejected, *, context: Context) -> None:
    actions.end_account(uow, event.application_id, "rejected", actor=context.actor, now=context.now)


def on_student_admitted(uow: UnitOfWork, event: review.StudentAdmitted, *, context: Context) -> None:
    actions.make_fee_due(uow, event, actor=context.actor, now=context.now)


def on_applicant_waitlisted(uow: UnitOfWork, event: review.ApplicantWaitlisted, *, context: Context) -> None:
    actions.hold_for_waiting_list(uow, event.application_id, actor=context.actor, now=context.now)


def on_applicant_not_selected(uow: UnitOfWork, event: review.ApplicantNotSelected, *, context: Context) -> None:
    actions.end_account(uow, event.application_id, "not_selected", actor=context.actor, now=context.now)


def on_seat_released(uow: UnitOfWork, event: review.SeatReleased, *, context: Context) -> None:
    actions.end_account(uow, event.application_id, event.reason, actor=context.actor, now=context.now)


def on_refund_ordered(uow: UnitOfWork, event: review.RefundOrdered, *, context: Context) -> None:
    actions.order_refund(uow, event.application_id, event.reason, actor=context.actor, now=context.now)
