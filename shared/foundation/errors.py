"""Refusals: understood, and no. Raised by rules and actions of every service; only shared/http/web.py knows status codes.

Refusal
├── NotFound    the thing asked for does not exist (or may not be seen)
├── Forbidden   the actor may not do this
│   └── NotSignedIn   nobody has said who acts
├── Conflict    the present state does not allow it
└── Invalid     what came in is wrong
NotYet          not a refusal: a predecessor has not arrived; the delivery is retried

A message is a Chinese sentence with {names} for its `values`, so that the catalogues know it. shared/foundation/language.py's `said`
tells it in the reader's language; `str` gives the Chinese, for records. A value that is itself `Words`, `Listed`, a Fault
or a Refusal is told in that language too; a plain string, such as a person's name, stays as it is.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


def _in_chinese(message: str, values: Mapping[str, object]) -> str:
    return message.format(**values) if values else message


@dataclass(frozen=True)
class Message:
    """Words of ours with `values` for their {names}."""

    message: str
    values: Mapping[str, object] = dataclasses.field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        return _in_chinese(self.message, self.values)


@dataclass(frozen=True)
class Joined:
    """Values one after the other, `mark` between them: "、", "；", or nothing between whole sentences."""

    parts: Sequence[object]
    mark: str = ""

    def __str__(self) -> str:
        return self.mark.join(map(str, self.parts))


@dataclass(frozen=True)
class FieldError:
    """One thing that is wrong with one field: where (JSON pointer or field name), which rule, and what to do."""

    field: str
    code: str
    message: str
    values: Mapping[str, object] = dataclasses.field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        return _in_chinese(self.message, self.values)


@dataclass
class Refusal(Exception):
    """A clear no. `message` is for people, in Chinese, and says what to do; `code` is stable, for machines."""

    message: str
    code: str = "refused"
    faults: list[FieldError] = dataclasses.field(default_factory=list)
    values: Mapping[str, object] = dataclasses.field(default_factory=dict)

    def __str__(self) -> str:
        return _in_chinese(self.message, self.values)


class NotFound(Refusal):
    """The thing asked for does not exist, or the actor may not know that it does."""


class Forbidden(Refusal):
    """The actor is known and may not do this."""


class NotSignedIn(Forbidden):
    """Nobody has said who acts: no session, or one that is over."""


class Conflict(Refusal):
    """The present state does not allow it; a later try may succeed."""


class Invalid(Refusal):
    """What came in breaks a rule; `faults` names each field."""


class OutOfOrder(Exception):
    """A message came before the one it builds on. Retried with backoff; never a refusal."""
