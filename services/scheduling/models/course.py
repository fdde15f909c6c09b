"""Tables of the course: students, teachers and venues, plans, lessons, attendance, results."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Index, UniqueConstraint, text
from sqlmodel import Field

from services.scheduling.models.base import SchedulingRow
from shared.persistence.columns import UtcDateTime


class Fee(SchedulingRow, table=True):
    """The self-paid fee's state as billing last published it; a payment may arrive before the seat."""

    __tablename__ = "fee"
    application_id: UUID = Field(primary_key=True)
    paid: bool
    paid_fen: int


class FeeWaiver(SchedulingRow, table=True):
    """A recorded exception to the fee at registration: one person requests it with a reason, another confirms."""

    __tablename__ = "fee_waiver"
    application_id: UUID = Field(primary_key=True)
    reason: str
    requested_by: str
    requested_at: datetime = Field(sa_type=UtcDateTime)
    confirmed_by: str | None = None
    confirmed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Student(SchedulingRow, table=True):
    """An admitted person on the roster. `identity` and `email` are shared.events.Sealed; `paid` follows Fee, for lists."""

    __tablename__ = "student"
    application_id: UUID = Field(primary_key=True)
    programme: str = Field(index=True)
    application_no: str
    letter_no: str
    rank: int
    name: str
    position: str
    firm_name: str
    unit_code: str
    identity: dict[str, str] = Field(sa_type=JSON)
    identity_mask: str
    mobile_mask: str
    email: dict[str, str] = Field(sa_type=JSON)
    paid: bool
    state: str = Field(index=True)
    admitted_at: datetime = Field(sa_type=UtcDateTime)
    registered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    dropped_out_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    drop_out_reason: str = ""


class Teacher(SchedulingRow, table=True):
    """A mentor from a firm or a professor, the regions taught in, and the unavailable dates."""

    __tablename__ = "teacher"
    __table_args__ = (UniqueConstraint("name", "title"),)
    id: UUID = Field(primary_key=True)
    name: str
    title: str
    kind: str
    regions: list[str] = Field(sa_type=JSON)
    unavailable: list[str] = Field(default_factory=list, sa_type=JSON)


class Venue(SchedulingRow, table=True):
    """A classroom, or a model firm that receives the class."""

    __tablename__ = "venue"
    id: UUID = Field(primary_key=True)
    name: str = Field(unique=True)
    region: str
    kind: str
    works_saturdays: bool = False
    works_sundays: bool = False
    unavailable: list[str] = Field(default_factory=list, sa_type=JSON)


class CalendarEdit(SchedulingRow, table=True):
    """A day on which the office's working calendar differs from the published one."""

    __tablename__ = "calendar_edit"
    on: date = Field(primary_key=True)
    kind: str
    holiday: str = ""


class Plan(SchedulingRow, table=True):
    """A teaching plan. `modules` and `constraints` are those of rules/plan/values.py as JSON; a published one has a version."""

    __tablename__ = "plan"
    __table_args__ = (UniqueConstraint("programme", "version"),)
    id: UUID = Field(primary_key=True)
    programme: str = Field(index=True)
    version: int | None = None
    state: str
    job_id: UUID | None = None
    constraints: dict[str, Any] = Field(sa_type=JSON)
    modules: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    proven_best: bool = False
    message: str = ""
    conflicts: list[str] = Field(default_factory=list, sa_type=JSON)
    made_by: str
    made_at: datetime = Field(sa_type=UtcDateTime)
    published_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Lesson(SchedulingRow, table=True):
    """One half-day of the published plan for the whole class. `hours` are lesson hours of 45 minutes."""

    __tablename__ = "lesson"
    __table_args__ = (
        Index(
            "one_lesson_per_half_day",
            "programme",
            "on",
            "half",
            unique=True,
            sqlite_where=text("NOT cancelled"),
            postgresql_where=text("NOT cancelled"),
        ),
    )
    id: UUID = Field(primary_key=True)
    programme: str = Field(index=True)
    module: int
    on: date
    half: str
    starts_at: datetime = Field(sa_type=UtcDateTime, index=True)
    ends_at: datetime = Field(sa_type=UtcDateTime)
    kind: str
    stage: str
    topic: str
    teacher_id: UUID
    teacher: str
    teacher_kind: str
    venue_id: UUID
    venue: str
    region: str
    hours: int
    cancelled: bool = False
    cancel_reason: str = ""


class Attendance(SchedulingRow, table=True):
    """One student's attendance mark for one half-day."""

    __tablename__ = "attendance"
    lesson_id: UUID = Field(primary_key=True, foreign_key="lesson.id")
    application_id: UUID = Field(primary_key=True, foreign_key="student.application_id", index=True)
    mark: str
    recorded_by: str
    recorded_at: datetime = Field(sa_type=UtcDateTime)


class Assessment(SchedulingRow, table=True):
    """One assessment attempt, counted from 1."""

    __tablename__ = "assessment"
    application_id: UUID = Field(primary_key=True, foreign_key="student.application_id")
    attempt: int = Field(primary_key=True)
    passed: bool
    recorded_by: str
    recorded_at: datetime = Field(sa_type=UtcDateTime)


class Certificate(SchedulingRow, table=True):
    """Whether a registered student is on the certificate list (notice, clause 3), with the reasons if not."""

    __tablename__ = "certificate"
    application_id: UUID = Field(primary_key=True, foreign_key="student.application_id")
    programme: str = Field(index=True)
    name: str
    certified: bool
    hours: int
    reasons: list[str] = Field(default_factory=list, sa_type=JSON)
    recorded_at: datetime = Field(sa_type=UtcDateTime)
