"""The portal's tables: accounts, one-time links, sessions, applicants, consumed events, dead letters."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, LargeBinary
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from services.portal.states import AccountState, DeadLetterState
from shared.persistence.columns import UtcDateTime

registered = registry()


class PortalRow(SQLModel, registry=registered):
    """Base of the portal's tables."""


class Account(PortalRow, table=True):
    """A staff account. `password_hash`: argon2id's encoding. Tokens signed before `valid_from` (real time) are void."""

    __tablename__ = "account"
    account: str = Field(primary_key=True)
    name: str
    roles: list[str] = Field(sa_type=JSON)
    state: str = Field(default=AccountState.INVITED, index=True)
    password_hash: str | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)
    valid_from: datetime = Field(sa_type=UtcDateTime)
    signed_in_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class OneTimeLink(PortalRow, table=True):
    """A one-time link to set a password; without `account` it creates the first account. Only its hash is stored.

    `expires_at` is real time.
    """

    __tablename__ = "one_time_link"
    secret_hash: str = Field(primary_key=True)
    account: str | None = Field(default=None, index=True)
    expires_at: datetime = Field(sa_type=UtcDateTime)


class SignedInSession(PortalRow, table=True):
    """A renewable session. Only the hash of the browser's secret is stored. Times are real time."""

    __tablename__ = "signed_in_session"
    secret_hash: str = Field(primary_key=True)
    account: str = Field(index=True)
    sid: str
    started_at: datetime = Field(sa_type=UtcDateTime)
    renewed_at: datetime = Field(sa_type=UtcDateTime)


class Applicant(PortalRow, table=True):
    """Search fields of an applicant, from the newest ApplicationSubmitted, and the newest event."""

    __tablename__ = "applicant"
    application_id: UUID = Field(primary_key=True)
    application_no: str = Field(index=True)
    programme: str
    student_name: str
    firm_name: str
    submitted_at: datetime = Field(sa_type=UtcDateTime)
    last_type: str = Field(index=True)
    last_at: datetime = Field(sa_type=UtcDateTime)


class Occurrence(PortalRow, table=True):
    """One consumed event. `body` contains masks in place of sealed values.

    `sequence` is the publisher's sequence number for the subject; it orders events with the same time.
    """

    __tablename__ = "occurrence"
    event_id: UUID = Field(primary_key=True)
    type: str = Field(index=True)
    subject: str = Field(index=True)
    sequence: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    correlation_id: str
    occurred_at: datetime = Field(sa_type=UtcDateTime, index=True)
    body: dict[str, Any] = Field(sa_type=JSON)


class DeadLetter(PortalRow, table=True):
    """A dead-lettered message, stored byte for byte for a replay and shown with masks. Times are real time.

    `replays` counts the replays, including one that the broker has not yet confirmed.
    """

    __tablename__ = "dead_letter"
    id: str = Field(primary_key=True)
    queue: str = Field(index=True)
    type: str = Field(index=True)
    subject: str
    reason: str
    headers: dict[str, Any] = Field(sa_type=JSON)
    body: bytes = Field(sa_type=LargeBinary)
    dead_lettered_at: datetime = Field(sa_type=UtcDateTime, sa_column_kwargs={"name": "buried_at"})
    state: str = Field(default=DeadLetterState.WAITING, index=True)
    replays: int = 0
    replayed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    replayed_by: str | None = None
    discarded_because: str | None = None
