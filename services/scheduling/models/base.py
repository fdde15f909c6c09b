"""The registry of scheduling's tables, and those that both its halves use."""

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
    """The newest version heard of a programme; `data` is shared.events.intake.Programme. Locked by whoever books or plans."""

    __tablename__ = "programme"
    code: str = Field(primary_key=True)
    version: int
    data: dict[str, Any] = Field(sa_type=JSON)
    received_at: datetime = Field(sa_type=UtcDateTime)


class Withdrawal(SchedulingRow, table=True):
    """An application that was taken back, perhaps before it was heard to be verified."""

    __tablename__ = "withdrawal"
    application_id: UUID = Field(primary_key=True)
    withdrawn_at: datetime = Field(sa_type=UtcDateTime)


class Notice(SchedulingRow, table=True):
    """A document that is owed to a person. `void` when what it says was overtaken before it went out."""

    __tablename__ = "notice"
    id: UUID = Field(primary_key=True)
    application_id: UUID = Field(index=True)
    kind: str
    subject_id: UUID
    due_at: datetime = Field(sa_type=UtcDateTime)
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    void: bool = False
