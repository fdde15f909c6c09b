"""Review's tables: programmes, cases with checks and sheets, the ranking, seats, work items, letters.

Points are whole hundredths (9125 is 91.25), times are UTC.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Index, UniqueConstraint, text
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.persistence.columns import UtcDateTime

registered = registry()


class ReviewRow(SQLModel, registry=registered):
    """Base of review's tables."""


class ProgrammeRow(ReviewRow, table=True):
    """Review's copy of a programme; `data` is shared.events.intake.Programme. The row's lock guards the quota."""

    __tablename__ = "programme"
    code: str = Field(primary_key=True)
    version: int
    data: dict[str, Any] = Field(sa_type=JSON)
    received_at: datetime = Field(sa_type=UtcDateTime)


class Case(ReviewRow, table=True):
    """One application under review, with the application's id. `content` holds the event's student, firm and scans.
    Points and payments are columns beside `state`, because they change while the state does not."""

    __tablename__ = "review_case"
    id: UUID = Field(primary_key=True)
    programme: str = Field(foreign_key="programme.code", index=True)
    application_no: str = Field(index=True)
    platform_no: str
    payment_reference: str
    revision: int
    submitted_at: datetime = Field(sa_type=UtcDateTime)
    unit_code: str
    recommendation: str
    interview_mode: str
    student_name: str
    identity_mask: str
    firm_name: str
    tier: str
    content: dict[str, Any] = Field(sa_type=JSON)
    state: str = Field(index=True)
    consented_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    reason: str = ""
    defects: list[dict[str, str]] = Field(default=[], sa_type=JSON)
    correct_by: datetime | None = Field(default=None, sa_type=UtcDateTime)
    firm_points: int | None = None
    materials_points: int | None = None
    panel: str = ""
    interview_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    booked_mode: str = ""
    interview_place: str = ""
    missed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    missed_for_good: bool = False
    interview_points: int | None = None
    untrimmed_points: int | None = None
    paid_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    refund_ordered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    refunded_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    refunded_fen: int = 0


class ScanCheck(ReviewRow, table=True):
    """A reviewer's check of one scan of one revision; `sha256` identifies the file that was checked."""

    __tablename__ = "scan_check"
    case_id: UUID = Field(primary_key=True, foreign_key="review_case.id")
    revision: int = Field(primary_key=True)
    item: str = Field(primary_key=True)
    verdict: str
    seal: bool
    sha256: str
    reviewer: str
    checked_at: datetime = Field(sa_type=UtcDateTime)


class PanelMember(ReviewRow, table=True):
    """A judge on the panel of a case. A sheet is awaited unless the judge is recused."""

    __tablename__ = "panel_member"
    case_id: UUID = Field(primary_key=True, foreign_key="review_case.id")
    judge: str = Field(primary_key=True)
    name: str
    recused_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    recusal_reason: str = ""


class ScoreSheet(ReviewRow, table=True):
    """One locked score sheet; a correction is a new version with a reason. `keyed_by` is set if it was typed from
    paper."""

    __tablename__ = "score_sheet"
    case_id: UUID = Field(primary_key=True, foreign_key="review_case.id")
    judge: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    items: dict[str, int] = Field(sa_type=JSON)
    total: int
    keyed_by: str | None = None
    reason: str = ""
    programme_version: int
    locked_at: datetime = Field(sa_type=UtcDateTime)


class Ranking(ReviewRow, table=True):
    """The ranking of a programme. The freeze stores the quota and the formula that it used."""

    __tablename__ = "ranking"
    programme: str = Field(primary_key=True, foreign_key="programme.code")
    state: str
    formula: str = ""
    programme_version: int = 0
    quota: int = 0
    waiting_places: int = 0
    boundary: list[str] = Field(default=[], sa_type=JSON)
    frozen_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    frozen_by: str = ""
    released_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    released_by: str = ""


class RankedCase(ReviewRow, table=True):
    """One place of a frozen ranking with all its inputs. Rows never change."""

    __tablename__ = "ranked_case"
    __table_args__ = (UniqueConstraint("programme", "rank"),)
    case_id: UUID = Field(primary_key=True, foreign_key="review_case.id")
    programme: str = Field(foreign_key="programme.code")
    rank: int
    application_no: str
    student_name: str
    firm_name: str
    unit: str
    inputs: dict[str, Any] = Field(sa_type=JSON)
    weighted_interview: int
    total: int
    outcome: str
    note: str = ""


class TieDecision(ReviewRow, table=True):
    """The committee's order among people who are equal by every other criterion; `order` holds case ids."""

    __tablename__ = "tie_decision"
    id: UUID = Field(primary_key=True)
    programme: str = Field(foreign_key="programme.code", index=True)
    order: list[str] = Field(sa_type=JSON)
    reason: str
    decided_by: str
    decided_at: datetime = Field(sa_type=UtcDateTime)


class Seat(ReviewRow, table=True):
    """The seat of a case from the release on. `rank` is None for a person who was never ranked."""

    __tablename__ = "seat"
    case_id: UUID = Field(primary_key=True, foreign_key="review_case.id")
    programme: str = Field(foreign_key="programme.code", index=True)
    state: str = Field(index=True)
    rank: int | None = None
    waiting_rank: int | None = None
    letter_no: str = ""
    pay_by: datetime | None = Field(default=None, sa_type=UtcDateTime)
    released_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    release_reason: str | None = None
    registered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Admission(ReviewRow, table=True):
    """One decision to admit a person: the history behind `seat`."""

    __tablename__ = "admission"
    letter_no: str = Field(primary_key=True)
    case_id: UUID = Field(foreign_key="review_case.id", index=True)
    programme: str
    programme_version: int
    rank: int
    promoted: bool
    pay_by: datetime = Field(sa_type=UtcDateTime)
    admitted_by: str
    admitted_at: datetime = Field(sa_type=UtcDateTime)


class WorkItem(ReviewRow, table=True):
    """Work for a committee member; at most one open item of a kind per case."""

    __tablename__ = "work_item"
    __table_args__ = (
        Index(
            "one_open_item_of_a_kind",
            "case_id",
            "kind",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
    )
    id: UUID = Field(primary_key=True)
    kind: str
    case_id: UUID = Field(foreign_key="review_case.id")
    programme: str
    data: dict[str, Any] = Field(sa_type=JSON)
    opened_by: str
    opened_at: datetime = Field(sa_type=UtcDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    closed_by: str = ""
    outcome: str = ""


class LetterCounter(ReviewRow, table=True):
    """The last letter number of a kind in a year, over all programmes."""

    __tablename__ = "letter_counter"
    kind: str = Field(primary_key=True)
    year: int = Field(primary_key=True)
    last: int = 0


class LetterRow(ReviewRow, table=True):
    """A letter to a person; `file` is the claim check of the PDF once it is printed, `check_hash` the hash of the check
    code on it. Letters of earlier versions have no code. `unsigned`: why the letter waits for the office's certificate
    (states.CertificateFault); empty if it does not."""

    __tablename__ = "letter"
    id: UUID = Field(primary_key=True)
    case_id: UUID = Field(foreign_key="review_case.id", index=True)
    kind: str
    number: str = Field(unique=True)
    data: dict[str, Any] = Field(sa_type=JSON)
    ordered_at: datetime = Field(sa_type=UtcDateTime)
    file: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    check_hash: str | None = Field(default=None, unique=True, index=True)
    unsigned: str = ""
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
