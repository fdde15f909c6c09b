"""Who hears what. Written before the code: the queues are bound from this table by whoever starts first, so that no event
is published before its listeners' queues exist; each service's handlers are checked against it.
"""

from shared.events import CONTRACTS
from shared.events.base import Event
from shared.events.billing import FeeOverdue, FeePaid, FeePaymentReversed, RefundClosed, RefundSent
from shared.events.intake import (
    ApplicationResubmitted,
    ApplicationSubmitted,
    ApplicationWithdrawn,
    ProgrammePublished,
    ProgrammeRevised,
    StudentConsented,
)
from shared.events.portal import StaffAccessChanged
from shared.events.review import (
    ApplicantNotSelected,
    ApplicantWaitlisted,
    ApplicationRejected,
    ApplicationReturned,
    ApplicationVerified,
    InterviewScored,
    RefundOrdered,
    SeatReleased,
    StudentAdmitted,
)
from shared.events.scheduling import CertificateRecorded, InterviewMissed, InterviewScheduled, StudentRegistered

_PROGRAMMES: tuple[type[Event], ...] = (ProgrammePublished, ProgrammeRevised, StaffAccessChanged)

SUBSCRIPTIONS: dict[str, tuple[type[Event], ...]] = {
    "intake": (
        StaffAccessChanged,
        ApplicationReturned,
        ApplicationVerified,
        ApplicationRejected,
        InterviewScored,
        StudentAdmitted,
        ApplicantWaitlisted,
        ApplicantNotSelected,
        SeatReleased,
        StudentRegistered,
        CertificateRecorded,
        RefundClosed,
    ),
    "review": (
        *_PROGRAMMES,
        ApplicationSubmitted,
        ApplicationResubmitted,
        StudentConsented,
        ApplicationWithdrawn,
        InterviewScheduled,
        InterviewMissed,
        FeePaid,
        FeePaymentReversed,
        FeeOverdue,
        RefundSent,
        StudentRegistered,
    ),
    "scheduling": (
        *_PROGRAMMES,
        ApplicationVerified,
        ApplicationRejected,
        ApplicationWithdrawn,
        StudentAdmitted,
        SeatReleased,
        FeePaid,
        FeePaymentReversed,
    ),
    "billing": (
        *_PROGRAMMES,
        ApplicationSubmitted,
        ApplicationResubmitted,
        ApplicationWithdrawn,
        ApplicationRejected,
        StudentAdmitted,
        ApplicantWaitlisted,
        ApplicantNotSelected,
        SeatReleased,
        RefundOrdered,
    ),
    "portal": tuple(CONTRACTS.values()),
}


def topology() -> dict[str, tuple[str, ...]]:
    """Queue -> the wire names of the event types that it is bound to."""
    return {service: tuple(event.TYPE for event in heard) for service, heard in SUBSCRIPTIONS.items()}
