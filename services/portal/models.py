"""The portal's tables: accounts, one-time links, sessions; what was heard of applicants; mirrored dead letters."""

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
    """A member of the staff. `password_hash` is argon2id's encoding; sessions signed before `valid_from` (real time) are void."""

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
    """A link that sets a password once; without an account it makes the first one. Only its hash is kept. Real time."""

    __tablename__ = "one_time_link"
    secret_hash: str = Field(primary_key=True)
    account: str | None = Field(default=None, index=True)
    expires_at: datetime = Field(sa_type=UtcDateTime)


class SignedInSession(PortalRow, table=True):
    """A session that may be renewed. Only hashes of what the browser holds are kept. Real time."""

    __tablename__ = "signed_in_session"
    secret_hash: str = Field(primary_key=True)
    account: str = Field(index=True)
    sid: str
    started_at: datetime = Field(sa_type=UtcDateTime)
    renewed_at: datetime = Field(sa_type=UtcDateTime)


class Applicant(PortalRow, table=True):
    """What people search by, from the newest ApplicationSubmitted, and the last thing heard."""

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
    """One event that was heard. `body` holds masks where the event holds sealed values; `sequence` is its publisher's own for
    the subject, and orders what was said at the same moment."""

    __tablename__ = "occurrence"
    event_id: UUID = Field(primary_key=True)
    type: str = Field(index=True)
    subject: str = Field(index=True)
    sequence: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    correlation_id: str
    occurred_at: datetime = Field(sa_type=UtcDateTime, index=True)
    body: dict[str, Any] = Field(sa_type=JSON)


class DeadLetter(PortalRow, table=True):
    """A message that a service gave up. Kept byte for byte, for the day it is sent again; shown with masks. Real time.

    `replays` counts how often it was sent again, or, once that has begun, is about to have been.
    """

    __tablename__ = "dead_letter"
    id: str = Field(primary_key=True)
    queue: str = Field(index=True)
    type: str = Field(index=True)
    subject: str
    reason: str
    headers: dict[str, Any] = Field(sa_type=JSON)
    body: bytes = Field(sa_type=LargeBinary)
    buried_at: datetime = Field(sa_type=UtcDateTime)
    state: str = Field(default=DeadLetterState.WAITING, index=True)
    replays: int = 0
    replayed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    replayed_by: str | None = None
    discarded_because: str | None = None
