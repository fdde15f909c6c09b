"""Tables of the interviews: candidates, panels, slots, proposals, bookings."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Index, UniqueConstraint, text
from sqlmodel import Field

from services.scheduling.models.base import SchedulingRow
from shared.persistence.columns import UtcDateTime


class Candidate(SchedulingRow, table=True):
    """A verified candidate (notice, clause 5.4.2). `email` is a shared.events.Sealed."""

    __tablename__ = "candidate"
    application_id: UUID = Field(primary_key=True)
    programme: str = Field(index=True)
    application_no: str
    name: str
    position: str
    firm_name: str
    credit_code: str
    unit_code: str
    mode: str
    email: dict[str, str] = Field(sa_type=JSON)
    mobile_mask: str
    state: str = Field(index=True)
    misses: int = 0
    verified_at: datetime = Field(sa_type=UtcDateTime)


class Panel(SchedulingRow, table=True):
    """Judges who interview together, with a room and a meeting link. `judges`: account, name, employer_credit_code and,
    where some are declared, linked_credit_codes."""

    __tablename__ = "panel"
    __table_args__ = (UniqueConstraint("programme", "code"),)
    id: UUID = Field(primary_key=True)
    programme: str
    code: str
    room: str
    link: str
    judges: list[dict[str, Any]] = Field(sa_type=JSON)


class Slot(SchedulingRow, table=True):
    """A time at which every panel can interview one candidate."""

    __tablename__ = "slot"
    __table_args__ = (UniqueConstraint("programme", "starts_at"),)
    id: UUID = Field(primary_key=True)
    programme: str
    starts_at: datetime = Field(sa_type=UtcDateTime)
    ends_at: datetime = Field(sa_type=UtcDateTime)


class Proposal(SchedulingRow, table=True):
    """A result of the solver: `placements` of candidates to panel and slot, and `unplaced` with the reasons."""

    __tablename__ = "proposal"
    id: UUID = Field(primary_key=True)
    programme: str = Field(index=True)
    state: str
    job_id: UUID | None = None
    placements: list[dict[str, str]] = Field(default_factory=list, sa_type=JSON)
    unplaced: list[dict[str, str]] = Field(default_factory=list, sa_type=JSON)
    message: str = ""
    made_by: str
    made_at: datetime = Field(sa_type=UtcDateTime)


class Interview(SchedulingRow, table=True):
    """One booking. Only its state changes: a moved interview is a new row."""

    __tablename__ = "interview"
    __table_args__ = (
        Index(
            "one_candidate_per_panel_and_slot",
            "panel_id",
            "slot_id",
            unique=True,
            sqlite_where=text("state = 'current'"),
            postgresql_where=text("state = 'current'"),
        ),
        Index(
            "one_current_interview_per_candidate",
            "application_id",
            unique=True,
            sqlite_where=text("state = 'current'"),
            postgresql_where=text("state = 'current'"),
        ),
    )
    id: UUID = Field(primary_key=True)
    application_id: UUID = Field(foreign_key="candidate.application_id", index=True)
    programme: str = Field(index=True)
    panel_id: UUID = Field(foreign_key="panel.id")
    slot_id: UUID = Field(foreign_key="slot.id")
    starts_at: datetime = Field(sa_type=UtcDateTime, index=True)
    ends_at: datetime = Field(sa_type=UtcDateTime)
    mode: str
    place: str
    panel: str
    judges: list[dict[str, str]] = Field(sa_type=JSON)
    candidate_name: str
    firm_name: str
    state: str = Field(index=True)
    booked_at: datetime = Field(sa_type=UtcDateTime)
