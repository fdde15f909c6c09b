"""Response bodies of scheduling's JSON endpoints, for programs that act as staff. No logic."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, Field


class BookingOut(BaseModel):
    """A current booking."""

    interview_id: UUID
    panel_id: UUID
    panel: str
    slot_id: UUID
    starts_at: datetime
    ends_at: datetime
    place: str


class CandidateOut(BaseModel):
    """A candidate; `booking` is null without a current one."""

    application_id: UUID
    application_no: str
    programme: str
    name: str
    firm_name: str
    credit_code: str
    mode: str
    state: str = Field(serialization_alias="status")
    misses: int
    booking: BookingOut | None


class JudgeOut(BaseModel):
    """A judge of a panel."""

    account: str
    name: str
    employer_credit_code: str


class PanelOut(BaseModel):
    """A panel."""

    id: UUID
    code: str
    room: str
    link: str
    judges: list[JudgeOut]


class SlotOut(BaseModel):
    """A slot, and the panels that are booked in it."""

    id: UUID
    starts_at: datetime
    ends_at: datetime
    booked_panels: list[UUID]


class PlacementOut(BaseModel):
    """Panel and slot that a proposal assigns to a candidate."""

    application_id: UUID
    panel_id: UUID
    slot_id: UUID


class UnplacedOut(BaseModel):
    """A candidate without a place in the proposal, and why."""

    application_id: UUID
    reason: str


class ProposalOut(BaseModel):
    """A proposal; `progress` is the latest message of the search."""

    id: UUID
    programme: str
    state: str = Field(serialization_alias="status")
    progress: str
    message: str
    placements: list[PlacementOut]
    unplaced: list[UnplacedOut]


class PlanOut(BaseModel):
    """A teaching plan; `version` is set once it is published, `shortfalls` are the rules that keep a draft from
    publication."""

    id: UUID
    programme: str
    version: int | None
    state: str = Field(serialization_alias="status")
    progress: str
    message: str
    conflicts: list[str]
    shortfalls: list[str]
    days: int
    hours: int
    modules: int


class StudentOut(BaseModel):
    """A student on the roster; `results` are the assessment attempts in order."""

    application_id: UUID
    application_no: str
    programme: str
    rank: int
    name: str
    firm_name: str
    identity_mask: str
    state: str = Field(serialization_alias="status")
    paid: bool
    waived: bool
    results: list[bool]
    certified: bool | None
    reasons: list[str]


class SessionOut(BaseModel):
    """A half-day of the plan in force; `recorded` counts the attendance marks so far."""

    id: UUID
    programme: str
    module: int
    on: date
    half: str
    starts_at: datetime
    ends_at: datetime
    kind: str
    topic: str
    teacher: str
    venue: str
    region: str
    hours: int
    cancelled: bool
    recorded: int
