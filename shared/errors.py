"""Refusals: understood, and no. Raised by rules and actions of every service; only shared/web.py knows status codes.

Refusal
├── NotFound    the thing asked for does not exist (or may not be seen)
├── Forbidden   the actor may not do this
│   └── NotSignedIn   nobody has said who acts
├── Conflict    the present state does not allow it
└── Invalid     what came in is wrong
NotYet          not a refusal: a predecessor has not arrived; the delivery is retried
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with one field: where (JSON pointer or field name), which rule, and what to do."""

    field: str
    code: str
    message: str


@dataclass
class Refusal(Exception):
    """A clear no. `message` is for people, in Chinese, and says what to do; `code` is stable, for machines."""

    message: str
    code: str = "refused"
    faults: list[Fault] = field(default_factory=list)

    def __str__(self) -> str:
        return self.message


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


class NotYet(Exception):
    """A message came before the one it builds on. Retried with backoff; never a refusal."""
