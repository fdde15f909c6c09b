"""Process: intake's outbox relay, event consumer, job dispatcher and timer."""

from services.intake import handlers
from shared.events import billing, portal, review, scheduling
from shared.http.auth import on_staff_access_changed
from shared.messaging.consumer import Handlers
from shared.runtime.bus import Bus
from shared.wiring.process import Process

HANDLERS: Handlers = {
    portal.StaffAccessChanged: on_staff_access_changed,
    review.ApplicationReturned: handlers.on_application_returned,
    review.ApplicationVerified: handlers.on_application_verified,
    review.ApplicationRejected: handlers.on_application_rejected,
    review.InterviewScored: handlers.on_interview_scored,
    review.StudentAdmitted: handlers.on_student_admitted,
    review.ApplicantWaitlisted: handlers.on_applicant_waitlisted,
    review.ApplicantNotSelected: handlers.on_applicant_not_selected,
    review.SeatReleased: handlers.on_seat_released,
    scheduling.StudentRegistered: handlers.on_student_registered,
    scheduling.CertificateRecorded: handlers.on_certificate_recorded,
    billing.RefundClosed: handlers.on_refund_closed,
}


def make_bus(process: Process) -> Bus:
    """Build intake's bus over an open process."""
    return Bus(process, HANDLERS)
