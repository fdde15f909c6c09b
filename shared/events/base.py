"""What every event contract is made of. Imported by the modules of this package and by the plumbing that carries events."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Value(BaseModel):
    """A frozen part of an event; unknown fields are ignored on read, so that contracts can grow. A refused value is not
    repeated in the error: it may be about a person, and errors are logged."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Event(Value):
    """One thing that happened, in the past tense.

    `TYPE` is the wire name (`intake.application_submitted.v1`), whose first word is the publisher. An event carries the
    resulting state of its `PART` of the subject, never a delta: a later one of the same (source, subject, part)
    supersedes an earlier one, so a stale one may be dropped.
    """

    TYPE: ClassVar[str]
    PART: ClassVar[str]

    @property
    def subject(self) -> str:
        """The id that the sequence numbers of this event count for; an application's, unless a contract says otherwise."""
        return str(self.application_id)  # type: ignore[attr-defined]


class Sealed(Value):
    """A sensitive value: ciphertext for the holders of the purpose's key, a keyed hash to compare, a mask to show."""

    sealed: str
    index: str
    mask: str


class FileClaim(Value):
    """A claim check: where a stored file is and what its bytes must hash to (SHA-256, hex)."""

    kind: str
    key: str
    sha256: str
    media_type: str
    size: int
