"""Events of scheduling: interviews, the teaching plan, the roster and the certificate list."""

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from shared.events.base import Event, Value


class PanelJudge(Value):
    """A judge of a panel. `account`: the judge's account name."""

    account: str
    name: str


class PlanModule(Value):
    """A block of teaching days."""

    number: int
    starts_on: date
    ends_on: date
    region: str
    hours: int


class InterviewScheduled(Event):
    """An interview has a time, a place and a panel. A later event replaces it."""

    TYPE: ClassVar[str] = "scheduling.interview_scheduled.v1"
    PART: ClassVar[str] = "interview"
    application_id: UUID
    programme: str
    starts_at: datetime
    ends_at: datetime
    mode: Literal["online", "on_site"]
    place: str
    panel: str
    judges: tuple[PanelJudge, ...]


class InterviewMissed(Event):
    """The person missed the interview. `final`: there is no further date."""

    TYPE: ClassVar[str] = "scheduling.interview_missed.v1"
    PART: ClassVar[str] = "interview"
    application_id: UUID
    programme: str
    missed_at: datetime
    final: bool


class PlanPublished(Event):
    """The teaching plan of a programme was published. Carries the whole plan."""

    TYPE: ClassVar[str] = "scheduling.plan_published.v1"
    PART: ClassVar[str] = "plan"
    programme: str
    version: int
    days: int
    hours: int
    modules: tuple[PlanModule, ...]

    @property
    def subject(self) -> str:
        return self.programme


class StudentRegistered(Event):
    """The admitted person registered with original form, two photos and ID (notice, clause 5.3)."""

    TYPE: ClassVar[str] = "scheduling.student_registered.v1"
    PART: ClassVar[str] = "registration"
    application_id: UUID
    programme: str
    registered_at: datetime


class CertificateRecorded(Event):
    """Whether the person is on the certificate list (notice, clause 3), with the reasons if not."""

    TYPE: ClassVar[str] = "scheduling.certificate_recorded.v1"
    PART: ClassVar[str] = "certificate"
    application_id: UUID
    programme: str
    certified: bool
    hours: int
    reasons: tuple[str, ...]
