"""Request and response bodies of services/intake/api. Shapes only; services/intake/rules validates the content."""

import math
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    RootModel,
    StringConstraints,
    ValidationError,
    WrapValidator,
    model_validator,
)

from shared.foundation.bodies import Body
from shared.foundation.mailbox import Mailbox
from shared.foundation.text import Identifier, Line, Lines


def text(longest: int, shortest: int = 1) -> StringConstraints:
    """The bounds of a text: `shortest` to `longest` characters, counted after the gate."""
    return StringConstraints(min_length=shortest, max_length=longest)


class ConsentIn(Body):
    """One recorded consent (PIPL, arts. 17, 23, 29): text version, time and person."""

    kind: Literal["notice", "sensitive", "recipients"]
    text_version: Annotated[Line, text(40)]
    accepted_at: AwareDatetime
    accepted_by: Annotated[Line, text(100)]


class StudentIn(Body):
    """The person who applies."""

    name: Annotated[Line, text(100)]
    gender: Literal["male", "female"]
    born_on: date
    identity_type: Literal["resident_id", "foreign_permanent_resident", "hk_mo_tw_permit", "passport"] = "resident_id"
    identity_number: Annotated[Identifier, text(30, 5)]
    mobile: Annotated[Identifier, text(30, 5)]
    email: Annotated[Mailbox, text(72, 5)]
    position: Annotated[Line, text(50)]
    role: Literal["legal_representative", "chairman", "general_manager", "deputy", "other"]
    education: Literal["below_bachelor", "bachelor", "master", "doctor"]
    resume: Annotated[Lines, text(1000, 0)] = ""


class FirmIn(Body):
    """The firm that files. Money in yuan with two decimals, as text; three years, newest last."""

    name: Annotated[Line, text(100, 2)]
    former_name: Annotated[Line, text(100)] | None = None
    credit_code: Annotated[Identifier, text(30, 15)]
    address: Annotated[Line, text(200)]
    legal_representative: Annotated[Line, text(100)]
    founded_on: date
    scale: Literal["large", "medium", "small", "micro"]
    ownership: Literal["state", "joint", "private", "foreign"]
    industry: Annotated[Line, text(60)]
    main_product: Annotated[Line, text(200)]
    tier: Literal["national_little_giant", "municipal_little_giant", "hidden_champion", "specialised", "none"]
    tier_year: int | None = Field(default=None, ge=2000, le=2100)
    revenue: tuple[Annotated[Line, text(20)], Annotated[Line, text(20)], Annotated[Line, text(20)]]
    research: tuple[Annotated[Line, text(20)], Annotated[Line, text(20)], Annotated[Line, text(20)]]
    employees: int = Field(ge=1, le=1_000_000)


class InvoiceIn(Body):
    """The buyer on the invoice; the firm by default."""

    title: Annotated[Line, text(100, 2)]
    tax_number: Annotated[Identifier, text(20, 15)]
    kind: Literal["normal", "special"] = "normal"


class ScanIn(Body):
    """A reference to an uploaded scan. `stamped`: the firm declares that the scan bears its stamp."""

    kind: Annotated[Line, text(30)]
    file_id: UUID
    stamped: bool


class ApplicationIn(Body):
    """One application, as the platform files it."""

    programme: Annotated[Line, text(40)]
    platform_no: Annotated[Line, text(40)]
    unit_code: Annotated[Line, text(12)]
    recommendation: Literal["recommended", "not_recommended", "pending"]
    interview_mode: Literal["online", "on_site"]
    past_participant: bool
    consents: Annotated[tuple[ConsentIn, ...], Field(max_length=20)]
    student: StudentIn
    firm: FirmIn
    invoice: InvoiceIn | None = None
    scans: Annotated[tuple[ScanIn, ...], Field(max_length=30)]


_DEEPEST = 50


class DraftPatch(RootModel[dict[str, Any]]):
    """The change of a draft, a JSON merge patch (RFC 7396): any of the fields of ApplicationIn, with any values.

    A value may be nested as deep as a draft can be merged and stored, and numbers are those of JSON (RFC 8259, 6).
    """

    @model_validator(mode="after")
    def _can_be_stored(self) -> Self:
        waiting: list[tuple[Any, int]] = [(self.root, 1)]
        while waiting:
            value, depth = waiting.pop()
            if depth > _DEEPEST or (isinstance(value, float) and not math.isfinite(value)):
                raise ValueError
            items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
            waiting += [(item, depth + 1) for item in items]
        return self


class DraftKey(Body):
    """The fields that a draft cannot be saved without. Neither changes afterwards."""

    programme: Annotated[Line, text(40)]
    platform_no: Annotated[Line, text(40)]


def _needs_its_key(schema: dict[str, Any]) -> None:
    schema |= {name: DraftKey.model_json_schema()[name] for name in ("properties", "required")}


class DraftIn(DraftPatch):
    """A draft: `programme`, `platform_no` and any of the other fields of ApplicationIn, with any values. They are validated
    when the draft is filed; the two when it is saved."""

    model_config = ConfigDict(json_schema_extra=_needs_its_key)


def _application_or_draft(value: Any, _handler: object) -> ApplicationIn | DraftIn:
    try:
        return ApplicationIn.model_validate(value)
    except ValidationError:
        if isinstance(value, dict):
            return DraftIn(value)
        raise


ApplicationOrDraftIn = Annotated[ApplicationIn | DraftIn, WrapValidator(_application_or_draft)]
"""An application if the body is one, else a draft: only the query or the stored state shows which is expected."""


class FileOut(BaseModel):
    """A stored scan: the id for references, the SHA-256 of the received bytes, the number of pages, and the numbers
    (from 1) of pages that are nearly blank."""

    id: UUID
    sha256: str
    media_type: str
    size: int
    pages: int
    blank_pages: list[int]


class ApplicationOut(BaseModel):
    """The state of an application, as shown to the platform."""

    id: UUID
    application_no: str
    platform_no: str
    payment_reference: str
    status: str
    state_title: str
    revision: int
    submitted_at: datetime | None
    defects: list[dict[str, str]]
    correct_by: datetime | None


class WithdrawalIn(Body):
    """The reason for a withdrawal."""

    reason: Annotated[Lines, text(200, 2)]
