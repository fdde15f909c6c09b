"""Process: intake's outbox relay, event consumer, job dispatcher and timer."""

from sqlmodel import Session

from services.intake import actions, handlers
from services.intake.settings import IntakeSettings
from shared.bus import Bus
from shared.context import Context
from shared.events import portal, review, scheduling
from shared.messaging.consumer import Handlers
from shared.process import Process
from shared.serve import serve_bus
from shared.signin import on_staff_access_changed

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
}


def run_due(session: Session, *, context: Context) -> None:
    """What the clock brings: drafts expire at the deadline."""
    actions.expire_drafts(session, actor=context.actor, now=context.now)


def make_bus(process: Process) -> Bus:
    """Intake's bus over an open process."""
    return Bus(process, HANDLERS, run_due)


if __name__ == "__main__":
    serve_bus(IntakeSettings(), make_bus)
