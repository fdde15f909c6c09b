"""Events of review: the case, the scores and the seat."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from shared.events.base import Event, Sealed, Value
from shared.events.intake import FeeLine


class Defect(Value):
    """A scan or field to correct, and the reason."""

    item: str
    reason: str


class Candidate(Value):
    """A person to interview and later teach: the data of person and firm that scheduling needs."""

    application_no: str
    name: str
    position: str
    firm_name: str
    credit_code: str
    unit_code: str
    interview_mode: Literal["online", "on_site"]
    identity: Sealed
    mobile: Sealed
    email: Sealed


class ApplicationReturned(Event):
    """The application needs correction. Lists all defects."""

    TYPE: ClassVar[str] = "review.application_returned.v1"
    PART: ClassVar[str] = "case"
    application_id: UUID
    programme: str
    defects: tuple[Defect, ...]
    correct_by: datetime


class ApplicationVerified(Event):
    """The application is authentic (notice, clause 5.4.1). The person may be interviewed."""

    TYPE: ClassVar[str] = "review.application_verified.v1"
    PART: ClassVar[str] = "case"
    application_id: UUID
    programme: str
    verified_at: datetime
    candidate: Candidate


class ApplicationRejected(Event):
    """The application is not authentic, or the person is barred."""

    TYPE: ClassVar[str] = "review.application_rejected.v1"
    PART: ClassVar[str] = "case"
    application_id: UUID
    programme: str
    reason: str
    rejected_at: datetime


class InterviewScored(Event):
    """All score sheets of an interview are locked. Points are in hundredths (9125 is 91.25 of 100)."""

    TYPE: ClassVar[str] = "review.interview_scored.v1"
    PART: ClassVar[str] = "score"
    application_id: UUID
    programme: str
    points: int
    sheets: int


class StudentAdmitted(Event):
    """The person holds a seat (notice, clause 5.4.3). `promoted`: the seat was released by another person. `fee_lines`:
    the fees in the admission letter; empty in events that are older than the field."""

    TYPE: ClassVar[str] = "review.student_admitted.v1"
    PART: ClassVar[str] = "seat"
    application_id: UUID
    programme: str
    programme_version: int
    letter_no: str
    rank: int
    promoted: bool
    admitted_at: datetime
    pay_by: datetime
    candidate: Candidate
    fee_lines: tuple[FeeLine, ...] = ()


class ApplicantWaitlisted(Event):
    """The person has no seat yet. `rank`: position on the waiting list."""

    TYPE: ClassVar[str] = "review.applicant_waitlisted.v1"
    PART: ClassVar[str] = "seat"
    application_id: UUID
    programme: str
    rank: int


class ApplicantNotSelected(Event):
    """The person gets no seat. `rank` is None for a person who was never ranked."""

    TYPE: ClassVar[str] = "review.applicant_not_selected.v1"
    PART: ClassVar[str] = "seat"
    application_id: UUID
    programme: str
    rank: int | None


class SeatReleased(Event):
    """A seat was released and is free again."""

    TYPE: ClassVar[str] = "review.seat_released.v1"
    PART: ClassVar[str] = "seat"
    application_id: UUID
    programme: str
    reason: Literal["lapsed", "declined", "withdrawn", "dropped_out"]
    released_at: datetime


class RefundOrdered(Event):
    """All payments for this application must be refunded to the paying account."""

    TYPE: ClassVar[str] = "review.refund_ordered.v1"
    PART: ClassVar[str] = "refund"
    application_id: UUID
    programme: str
    reason: str
