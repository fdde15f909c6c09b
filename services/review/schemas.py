"""What comes in through forms and goes out as JSON: points as people type them, cases, sheets, the ranking, work."""

from datetime import datetime
from decimal import Decimal, InvalidOperation
from uuid import UUID

from pydantic import BaseModel

from services.review.models import Case, PanelMember, RankedCase, Seat
from services.review.queries import JudgeTask, WorkEntry
from services.review.rules.scoring import POINT
from services.review.states import fate
from shared.errors import Fault, Invalid


def typed_points(text: str, *, field: str) -> int:
    """Points as typed ("27.5") in hundredths. Raises Invalid, naming the field."""
    try:
        points = Decimal(text.strip()) * POINT
        if not points.is_finite() or points != int(points):
            raise InvalidOperation
    except InvalidOperation as fault:
        faults = [Fault(f"/{field}", "points", "请填写分数，最多两位小数，例如 27 或 27.5")]
        raise Invalid(f"分数“{text[:20]}”无法识别。", code="points", faults=faults) from fault
    return int(points)


def shown_points(points: int | None) -> str:
    """Hundredths as people read them: 91.25."""
    return "—" if points is None else f"{Decimal(points) / POINT:.2f}"


class CaseOut(BaseModel):
    """One case, with what is needed to act on it. Points are hundredths."""

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

    @classmethod
    def of(cls, case: Case, seat: Seat | None) -> "CaseOut":
        """From the rows."""
        named = cls.model_fields.keys() & Case.model_fields.keys()
        return cls(
            **{name: getattr(case, name) for name in named},
            fate=fate(case.state, seat.state if seat else None, seat.release_reason if seat else None),
            scans=[scan["kind"] for scan in case.content["scans"]],
            seat=seat.state if seat else None,
            rank=seat.rank if seat else None,
            waiting_rank=seat.waiting_rank if seat else None,
            letter_no=seat.letter_no if seat else "",
            pay_by=seat.pay_by if seat else None,
        )


class SheetOut(BaseModel):
    """One candidate of the judge who asks; `total` is the own sheet's, in hundredths, once it is locked."""

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

    @classmethod
    def of(cls, task: JudgeTask) -> "SheetOut":
        """From a judge's task."""
        case, sheet = task.case, task.sheet
        return cls(
            case_id=case.id,
            application_no=case.application_no,
            platform_no=case.platform_no,
            student_name=case.student_name,
            firm_name=case.firm_name,
            credit_code=case.content["firm"]["credit_code"],
            panel=case.panel,
            interview_at=case.interview_at,
            total=sheet.total if sheet else None,
            version=sheet.version if sheet else 0,
            recused=task.member.recused_at is not None,
        )


class AwaitedOut(BaseModel):
    """A sheet that is still to come."""

    case_id: UUID
    application_no: str
    platform_no: str
    student_name: str
    panel: str
    judge: str
    judge_name: str

    @classmethod
    def of(cls, case: Case, member: PanelMember) -> "AwaitedOut":
        """From the rows."""
        return cls(
            case_id=case.id,
            application_no=case.application_no,
            platform_no=case.platform_no,
            student_name=case.student_name,
            panel=case.panel,
            judge=member.judge,
            judge_name=member.name,
        )


class PlaceOut(BaseModel):
    """One place of the frozen ranking. Points are hundredths."""

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

    @classmethod
    def of(cls, place: RankedCase) -> "PlaceOut":
        """From the row."""
        return cls(**{name: getattr(place, name) for name in cls.model_fields})


class TieOut(BaseModel):
    """People whom only the committee can put in order; `first` is the best rank among them."""

    case_ids: list[UUID]
    first: int


class RankingOut(BaseModel):
    """The ranking: before the freeze what is missing, afterwards who stands where."""

    programme: str
    state: str
    frozen_by: str
    released_by: str
    missing: list[str]
    ties: list[TieOut]
    boundary: list[UUID]
    places: list[PlaceOut]


class WorkOut(BaseModel):
    """Something that waits for the committee; `id` is the item's, or the case's where the kind is promotion_proposed."""

    id: UUID
    kind: str
    case_id: UUID
    application_no: str
    platform_no: str
    student_name: str
    since: datetime
    opened_by: str
    data: dict[str, object]

    @classmethod
    def of(cls, entry: WorkEntry) -> "WorkOut":
        """From a query's entry."""
        return cls(
            id=entry.id,
            kind=entry.kind,
            case_id=entry.case.id,
            application_no=entry.case.application_no,
            platform_no=entry.case.platform_no,
            student_name=entry.case.student_name,
            since=entry.since,
            opened_by=entry.opened_by,
            data=entry.data,
        )
