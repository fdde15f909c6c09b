"""Subscriptions: the event types that each service consumes.

The first process to start binds all queues from this table, so that no event is published before the queues of its
subscribers exist. Each bus checks its handlers against the table.
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
    """Map each queue to the wire names of the event types that it is bound to."""
    return {service: tuple(event.TYPE for event in events) for service, events in SUBSCRIPTIONS.items()}
