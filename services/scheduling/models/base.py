"""The registry of scheduling's tables, and the tables that interviews and course share."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.persistence.columns import UtcDateTime

registered = registry()


class SchedulingRow(SQLModel, registry=registered):
    """Base of scheduling's tables."""


class ProgrammeRow(SchedulingRow, table=True):
    """The newest received version of a programme; `data` is shared.events.intake.Programme. Bookings and plans lock
    this row."""

    __tablename__ = "programme"
    code: str = Field(primary_key=True)
    version: int
    data: dict[str, Any] = Field(sa_type=JSON)
    received_at: datetime = Field(sa_type=UtcDateTime)


class Withdrawal(SchedulingRow, table=True):
    """A withdrawn application; the withdrawal may arrive before ApplicationVerified."""

    __tablename__ = "withdrawal"
    application_id: UUID = Field(primary_key=True)
    withdrawn_at: datetime = Field(sa_type=UtcDateTime)


class Notice(SchedulingRow, table=True):
    """A document to send to a person. `void` if its content became obsolete before it was sent. `held_for`: characters that
    no font covers; the document waits until a person continues it."""

    __tablename__ = "notice"
    id: UUID = Field(primary_key=True)
    application_id: UUID = Field(index=True)
    kind: str
    subject_id: UUID
    due_at: datetime = Field(sa_type=UtcDateTime)
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    void: bool = False
    held_for: str = ""
