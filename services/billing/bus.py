"""Process: billing's outbox relay, event consumer, job dispatcher and timer."""

from services.billing import handlers
from shared.events import intake, portal, review
from shared.http.auth import on_staff_access_changed
from shared.messaging.consumer import Handlers
from shared.runtime.bus import Bus
from shared.wiring.process import Process

HANDLERS: Handlers = {
    portal.StaffAccessChanged: on_staff_access_changed,
    intake.ProgrammePublished: handlers.on_programme_published,
    intake.ProgrammeRevised: handlers.on_programme_revised,
    intake.ApplicationSubmitted: handlers.on_application_submitted,
    intake.ApplicationResubmitted: handlers.on_application_resubmitted,
    intake.ApplicationWithdrawn: handlers.on_application_withdrawn,
    review.ApplicationRejected: handlers.on_application_rejected,
    review.StudentAdmitted: handlers.on_student_admitted,
    review.ApplicantWaitlisted: handlers.on_applicant_waitlisted,
    review.ApplicantNotSelected: handlers.on_applicant_not_selected,
    review.SeatReleased: handlers.on_seat_released,
    review.RefundOrdered: handlers.on_refund_ordered,
}


def make_bus(process: Process) -> Bus:
    """Build billing's bus on an open process."""
    return Bus(process, HANDLERS)
