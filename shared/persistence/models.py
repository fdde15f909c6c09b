"""Infrastructure tables. Every service's database has them; they are declared once, in a registry of their own."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, UniqueConstraint
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.persistence.columns import UtcDateTime

infrastructure = registry()


class InfrastructureTable(SQLModel, registry=infrastructure):
    """Base of the infrastructure tables."""


class OutboxRow(InfrastructureTable, table=True):
    """An event that is committed and not yet confirmed by the broker. Holds the final envelope; the relay parses nothing."""

    __tablename__ = "outbox"
    id: int | None = Field(default=None, primary_key=True)
    event_id: UUID = Field(unique=True)
    headers: dict[str, Any] = Field(sa_type=JSON)
    body: str


class PublishedEvent(InfrastructureTable, table=True):
    """The index of the events that this service has published, numbered per subject. Outlives the outbox row."""

    __tablename__ = "published_event"
    __table_args__ = (UniqueConstraint("subject", "sequence"),)
    event_id: UUID = Field(primary_key=True)
    type: str = Field(index=True)
    subject: str
    sequence: int
    occurred_at: datetime = Field(sa_type=UtcDateTime)


class InboxRow(InfrastructureTable, table=True):
    """An event that this service has handled. `outcome` is handled or stale; `digest` distinguishes a redelivery from a
    forgery with the same id."""

    __tablename__ = "inbox"
    event_id: UUID = Field(primary_key=True)
    source: str
    type: str = Field(index=True)
    subject: str
    sequence: int
    digest: str
    outcome: str
    handled_at: datetime = Field(sa_type=UtcDateTime)


class LastSequence(InfrastructureTable, table=True):
    """The newest sequence number received for one part of a subject; an event with an older one is stale."""

    __tablename__ = "heard_part"
    source: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    part: str = Field(primary_key=True)
    sequence: int


class JobRow(InfrastructureTable, table=True):
    """A slow job. The row owns attempts, retries and the lease; a worker checks it before the work. `replays` counts how often
    the job was requeued from its dead letter."""

    __tablename__ = "job"
    id: UUID = Field(primary_key=True)
    name: str = Field(index=True)
    payload: dict[str, Any] = Field(sa_type=JSON)
    correlation_id: str
    traceparent: str = Field(default="", sa_column_kwargs={"server_default": ""})
    state: str = Field(index=True)
    attempt: int = 0
    replays: int = 0
    next_at: datetime = Field(sa_type=UtcDateTime, index=True)
    lease_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    outcome: str | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class AuditLeaf(InfrastructureTable, table=True):
    """The hash of one audit entry, kept for ever. Triggers refuse to change or delete it."""

    __tablename__ = "audit_leaf"
    log: str = Field(primary_key=True)
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    leaf: str


class AuditRow(InfrastructureTable, table=True):
    """The body of one audit entry: who did what to whom, and when. Triggers refuse to change or delete it; the owner of the
    tables may drop the bodies of a month that is over."""

    __tablename__ = "audit"
    log: str = Field(primary_key=True)
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: datetime = Field(sa_type=UtcDateTime, index=True)
    actor: str = Field(index=True)
    action: str = Field(index=True)
    subject: str = Field(index=True)
    details: dict[str, Any] = Field(sa_type=JSON)
    correlation_id: str


class AuditHead(InfrastructureTable, table=True):
    """The end of an audit log: how many entries it has, and the digest over their leaves. Locked by each append; triggers
    refuse to move it back. Entries from `bodies_from` on have a body; those before may have lost it to their retention."""

    __tablename__ = "audit_head"
    log: str = Field(primary_key=True)
    count: int
    digest: str
    bodies_from: int = Field(default=1, sa_column_kwargs={"server_default": "1"})


class StaffAccess(InfrastructureTable, table=True):
    """The last StaffAccessChanged of an account: sessions signed before `valid_from` are void."""

    __tablename__ = "staff_access"
    account: str = Field(primary_key=True)
    valid_from: datetime = Field(sa_type=UtcDateTime)


class TimerRow(InfrastructureTable, table=True):
    """When the service last handled its deadlines, in business time."""

    __tablename__ = "timer"
    id: int = Field(primary_key=True)
    looked_at: datetime = Field(sa_type=UtcDateTime)
