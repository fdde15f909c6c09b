"""The contracts: what one service says and others hear. One module per publisher; `contract(type)` finds a class by its wire name.

Contracts only grow: unknown fields are ignored on read, a breaking change is a `v2` published beside `v1`, and
snapshots under tests/contracts keep both promises. `make events` writes docs/events.md from this package.
"""

from shared.events import billing, intake, portal, review, scheduling
from shared.events.base import Event, FileClaim, Sealed

SERVICES = {"intake": intake, "review": review, "scheduling": scheduling, "billing": billing, "portal": portal}


def _contracts() -> dict[str, type[Event]]:
    found = [value for module in SERVICES.values() for value in vars(module).values() if isinstance(value, type)]
    return {cls.TYPE: cls for cls in found if issubclass(cls, Event) and "TYPE" in vars(cls)}


CONTRACTS: dict[str, type[Event]] = _contracts()

__all__ = ["CONTRACTS", "SERVICES", "Event", "FileClaim", "Sealed"]
