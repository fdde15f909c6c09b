"""Base classes of event contracts. Imported by the modules of this package and by the infrastructure."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Value(BaseModel):
    """A frozen part of an event. Unknown fields are ignored on read, so that contracts can grow. Validation errors omit
    the input: it may be personal data, and errors are logged."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Event(Value):
    """A fact about the past; class names are in the past tense.

    `TYPE` is the wire name (`intake.application_submitted.v1`); its first word is the publisher. An event carries the
    resulting state of its `PART` of the subject, never a delta. A later event of the same (source, subject, part)
    replaces an earlier one, so a stale event may be dropped.
    """

    TYPE: ClassVar[str]
    PART: ClassVar[str]

    @property
    def subject(self) -> str:
        """The id whose events are numbered in sequence: the application's, unless a contract overrides it."""
        return str(self.application_id)  # type: ignore[attr-defined]


class Sealed(Value):
    """A sensitive value: ciphertext for holders of the purpose's key, a keyed hash to compare, a mask to display."""

    sealed: str
    index: str
    mask: str


class FileClaim(Value):
    """A claim check: the key of a stored file and the SHA-256 (hex) of its bytes."""

    kind: str
    key: str
    sha256: str
    media_type: str
    size: int
