"""Refusals: valid requests that the rules reject. Raised by rules and actions; shared/http/web.py maps them to status
codes.

Refusal
├── NotFound    the object does not exist, or the actor may not see it
├── Forbidden   the actor may not do this
│   └── NotSignedIn   there is no valid session
│       └── NoApiKey  there is no valid API key
├── Conflict    the current state does not allow it
└── Invalid     the input is wrong
OutOfOrder      not a refusal: a predecessor event has not arrived; the delivery is retried

A message is a Chinese sentence with {names} for its `values`, so that the catalogues contain it. `localize` in
shared/foundation/language.py translates it for the reader; `str` returns the Chinese, for records. Values that are a
Message, Joined, FieldError or Refusal are translated too; plain strings, such as names of people, are not.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar


def _in_chinese(message: str, values: Mapping[str, object]) -> str:
    return message.format(**values) if values else message


@dataclass(frozen=True)
class Message:
    """A translatable text with `values` for its {names}."""

    message: str
    values: Mapping[str, object] = dataclasses.field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        return _in_chinese(self.message, self.values)


@dataclass(frozen=True)
class Joined:
    """Values joined by `mark`: "、", "；", or nothing between whole sentences."""

    parts: Sequence[object]
    mark: str = ""

    def __str__(self) -> str:
        return self.mark.join(map(str, self.parts))


@dataclass(frozen=True)
class FieldError:
    """A validation error of one field: a JSON pointer or field name, a stable code, and a message with the remedy."""

    field: str
    code: str
    message: str
    values: Mapping[str, object] = dataclasses.field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        return _in_chinese(self.message, self.values)


@dataclass
class Refusal(Exception):
    """A rejected request. `message` is for people, in Chinese, and states what to do; `code` is stable, for
    programs."""

    message: str
    code: str = "refused"
    field_errors: list[FieldError] = dataclasses.field(default_factory=list)
    values: Mapping[str, object] = dataclasses.field(default_factory=dict)

    def __str__(self) -> str:
        return _in_chinese(self.message, self.values)


class NotFound(Refusal):
    """The object does not exist, or the actor may not know that it does."""


class Forbidden(Refusal):
    """The actor is known and may not do this."""


class NotSignedIn(Forbidden):
    """There is no session, or it has expired. `scheme`: how the sender must authenticate (RFC 9110, 11.6.1)."""

    scheme: ClassVar[str] = "Cookie"


class NoApiKey(NotSignedIn):
    """There is no API key, or it is unknown or revoked."""

    scheme = "Bearer"


class Conflict(Refusal):
    """The current state does not allow it; a later attempt may succeed."""


class Invalid(Refusal):
    """The input breaks a rule; `field_errors` names each field."""


class OutOfOrder(Exception):
    """An event arrived before its predecessor. The delivery is retried with backoff."""
