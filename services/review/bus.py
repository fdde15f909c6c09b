"""Process: review's outbox relay, event consumer, job dispatcher and Celery beat."""

from services.review import handlers
from services.review.models import Case
from shared.events import billing, intake, portal, scheduling
from shared.http.auth import on_staff_access_changed
from shared.messaging.consumer import Handlers
from shared.runtime.bus import Bus
from shared.wiring.process import Process

HANDLERS: Handlers = {
    portal.StaffAccessChanged: on_staff_access_changed,
    intake.ProgrammePublished: handlers.on_programme_published,
    intake.ProgrammeRevised: handlers.on_programme_published,
    intake.ApplicationSubmitted: handlers.on_application_submitted,
    intake.ApplicationResubmitted: handlers.on_application_resubmitted,
    intake.StudentConsented: handlers.on_student_consented,
    intake.ApplicationWithdrawn: handlers.on_application_withdrawn,
    scheduling.InterviewScheduled: handlers.on_interview_scheduled,
    scheduling.InterviewMissed: handlers.on_interview_missed,
    scheduling.StudentRegistered: handlers.on_student_registered,
    billing.FeePaid: handlers.on_fee_paid,
    billing.FeePaymentReversed: handlers.on_fee_payment_reversed,
    billing.FeeOverdue: handlers.on_fee_overdue,
    billing.RefundSent: handlers.on_refund_sent,
}


def make_bus(process: Process) -> Bus:
    """Return review's bus for an open process."""
    return Bus(process, HANDLERS, subjects=Case)
