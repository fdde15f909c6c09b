"""Process: scheduling's outbox relay, event consumer, job dispatcher and Celery beat."""

from services.scheduling import handlers
from shared.events import billing, intake, portal, review
from shared.http.auth import on_staff_access_changed
from shared.messaging.consumer import Handlers
from shared.runtime.bus import Bus
from shared.wiring.process import Process

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


def make_bus(process: Process) -> Bus:
    """Return scheduling's bus for an open process."""
    return Bus(process, HANDLERS)
