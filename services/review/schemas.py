"""Response bodies of review's JSON endpoints. Points are whole hundredths, times UTC. Used by api.py."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel


class CaseOut(BaseModel):
    """One case, with the ids and states that clients need to act on it. Points are hundredths."""

    id: UUID
    application_no: str
    platform_no: str
    revision: int
    student_name: str
    firm_name: str
    state: str
    fate: str
    consented_at: datetime | None
    scans: list[str]
    firm_points: int | None
    materials_points: int | None
    panel: str
    interview_at: datetime | None
    interview_points: int | None
    missed_for_good: bool
    correct_by: datetime | None
    seat: str | None
    rank: int | None
    waiting_rank: int | None
    letter_no: str
    pay_by: datetime | None
    paid_at: datetime | None


class SheetOut(BaseModel):
    """One candidate of the calling judge; `total` is the judge's own sheet in hundredths, once it is locked."""

    case_id: UUID
    application_no: str
    platform_no: str
    student_name: str
    firm_name: str
    credit_code: str
    panel: str
    interview_at: datetime | None
    total: int | None
    version: int
    recused: bool


class AwaitedOut(BaseModel):
    """A score sheet that a judge has not submitted yet."""

    case_id: UUID
    application_no: str
    platform_no: str
    student_name: str
    panel: str
    judge: str
    judge_name: str


class PlaceOut(BaseModel):
    """One line of the frozen ranking. Points are hundredths."""

    case_id: UUID
    rank: int
    application_no: str
    student_name: str
    firm_name: str
    unit: str
    total: int
    weighted_interview: int
    outcome: str
    note: str


class TieOut(BaseModel):
    """People whose order only the committee can decide; `first` is the best rank among them."""

    case_ids: list[UUID]
    first: int


class RankingOut(BaseModel):
    """The ranking: before the freeze the missing decisions, afterwards the places."""

    programme: str
    state: str
    frozen_by: str
    released_by: str
    missing: list[str]
    ties: list[TieOut]
    boundary: list[UUID]
    places: list[PlaceOut]


class WorkOut(BaseModel):
    """One work item of the committee; `id` is the item's, or the case's for the kind promotion_proposed."""

    id: UUID
    kind: str
    case_id: UUID
    application_no: str
    platform_no: str
    student_name: str
    since: datetime
    opened_by: str
    data: dict[str, object]
