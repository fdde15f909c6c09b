"""Intake's tables: programmes, platform clients, stored scans, applications, consents, past participants."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Index, UniqueConstraint, text
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.persistence.columns import UtcDateTime

registered = registry()


class IntakeRow(SQLModel, registry=registered):
    """Base of intake's tables."""


class ProgrammeRow(IntakeRow, table=True):
    """A published programme; `data` is shared.events.intake.Programme. `last_serial` is the last serial number issued.

    `scored_at`, `ranked_at` and `admitted_at`: when intake received the first event of an applicant scored, ranked,
    admitted.
    """

    __tablename__ = "programme"
    code: str = Field(primary_key=True)
    version: int
    data: dict[str, Any] = Field(sa_type=JSON)
    last_serial: int = 0
    published_at: datetime = Field(sa_type=UtcDateTime)
    scored_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ranked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    admitted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class ReferenceCounter(IntakeRow, table=True):
    """The last payment reference issued in a year, over all programmes: a remittance carries no other reference."""

    __tablename__ = "reference_counter"
    year: int = Field(primary_key=True)
    last: int = 0


class PlatformClient(IntakeRow, table=True):
    """A client that may file applications through the API. Only the hash of its key is stored."""

    __tablename__ = "platform_client"
    id: UUID = Field(primary_key=True)
    name: str = Field(unique=True)
    key_hash: str = Field(unique=True)
    issued_at: datetime = Field(sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class StoredScan(IntakeRow, table=True):
    """An uploaded scan: its storage key and hash, and the hashes and sizes of the pictures of its pages. Never overwritten.

    `kept_for` is the application that refers to the scan, or did before a correction. It is set at the latest before
    unreferenced scans are removed.
    """

    __tablename__ = "stored_scan"
    id: UUID = Field(primary_key=True)
    client_id: UUID = Field(foreign_key="platform_client.id")
    programme: str
    key: str
    sha256: str
    media_type: str
    size: int
    pages: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    blank_pages: list[int] = Field(default_factory=list, sa_type=JSON)
    uploaded_at: datetime = Field(sa_type=UtcDateTime)
    kept_for: UUID | None = Field(default=None, foreign_key="application.id")


class Application(IntakeRow, table=True):
    """One application. `content` is the event's body (sealed where sensitive); other columns serve lists and lookups.

    `draft`: the sealed body of a draft, which is not validated yet; its `content` has only the scans, and its columns that
    derive from the body are empty.
    `closed_at`: time when the last open matter was settled, None while one is open. Scan retention starts then.
    """

    __tablename__ = "application"
    __table_args__ = (
        UniqueConstraint("client_id", "platform_no"),
        Index(
            "one_person_per_programme",
            "programme",
            "identity_index",
            unique=True,
            sqlite_where=text("state NOT IN ('draft', 'withdrawn', 'expired')"),
            postgresql_where=text("state NOT IN ('draft', 'withdrawn', 'expired')"),
        ),
    )
    id: UUID = Field(primary_key=True)
    client_id: UUID = Field(foreign_key="platform_client.id")
    programme: str = Field(index=True)
    serial: int
    application_no: str = Field(unique=True)
    platform_no: str
    payment_reference: str = Field(unique=True)
    state: str = Field(index=True)
    outcome: str | None = Field(default=None, index=True)
    revision: int = 1
    unit_code: str = Field(index=True)
    recommendation: str
    interview_mode: str
    student_name: str
    identity_index: str = Field(index=True)
    identity_mask: str
    mobile_mask: str
    firm_name: str
    credit_code: str = Field(index=True)
    tier: str
    content: dict[str, Any] = Field(sa_type=JSON)
    draft: dict[str, str] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    defects: list[dict[str, str]] = Field(default=[], sa_type=JSON)
    correct_by: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)
    submitted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    consented_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    scans_removed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Consent(IntakeRow, table=True):
    """One recorded consent: text version, time, person and channel (PIPL, arts. 17, 23, 29)."""

    __tablename__ = "consent"
    id: UUID = Field(primary_key=True)
    application_id: UUID = Field(foreign_key="application.id", index=True)
    kind: str
    text_version: str
    accepted_at: datetime = Field(sa_type=UtcDateTime)
    accepted_by: str
    channel: str


class ConsentLink(IntakeRow, table=True):
    """A link for the student's consent. Only the hash of its token is stored; a newer link replaces it."""

    __tablename__ = "consent_link"
    application_id: UUID = Field(primary_key=True, foreign_key="application.id")
    token_hash: str = Field(unique=True)
    sent_at: datetime = Field(sa_type=UtcDateTime)


class PastParticipant(IntakeRow, table=True):
    """A person who attended an earlier programme (notice, clause 1), by keyed hash of the document number."""

    __tablename__ = "past_participant"
    identity_index: str = Field(primary_key=True)
    programme: str
    name: str
    recorded_at: datetime = Field(sa_type=UtcDateTime)


class IdempotencyKey(IntakeRow, table=True):
    """The stored response to a client's idempotency key, and a keyed hash of the request body."""

    __tablename__ = "idempotency_key"
    client_id: UUID = Field(primary_key=True, foreign_key="platform_client.id")
    key: str = Field(primary_key=True)
    body_digest: str
    status: int
    answer: dict[str, Any] = Field(sa_type=JSON)
    answered_at: datetime = Field(sa_type=UtcDateTime)
