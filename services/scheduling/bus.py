"""Process: scheduling's outbox relay, event consumer, job dispatcher and timer."""

from sqlmodel import Session

from services.scheduling import actions, handlers
from services.scheduling.settings import SchedulingSettings
from shared.bus import Bus
from shared.context import Context
from shared.events import billing, intake, portal, review
from shared.messaging.consumer import Handlers
from shared.process import Process
from shared.serve import serve_bus
from shared.signin import on_staff_access_changed

HANDLERS: Handlers = {
    portal.StaffAccessChanged: on_staff_access_changed,
    intake.ProgrammePublished: handlers.on_programme_published,
    intake.ProgrammeRevised: handlers.on_programme_revised,
    intake.ApplicationWithdrawn: handlers.on_application_withdrawn,
    review.ApplicationVerified: handlers.on_application_verified,
    review.ApplicationRejected: handlers.on_application_rejected,
    review.StudentAdmitted: handlers.on_student_admitted,
    review.SeatReleased: handlers.on_seat_released,
    billing.FeePaid: handlers.on_fee_paid,
    billing.FeePaymentReversed: handlers.on_fee_payment_reversed,
}


def run_due(session: Session, *, context: Context) -> None:
    """What time brings: a search whose job ended without a result is shown as failed, so that it can be asked for again."""
    actions.give_up_searches(session, actor=context.actor, now=context.now)


def make_bus(process: Process) -> Bus:
    """Scheduling's bus over an open process."""
    return Bus(process, HANDLERS, run_due)


if __name__ == "__main__":
    serve_bus(SchedulingSettings(), make_bus)
