"""The event contracts between services. One module per publisher; `CONTRACTS` maps wire names to classes.

Contracts only grow: unknown fields are ignored on read, and a breaking change is a `v2` published beside `v1`. Tests
check both against the snapshots in tests/contracts. `make events` generates docs/events.md from this package.
"""

from shared.events import billing, intake, portal, review, scheduling
from shared.events.base import Event, FileClaim, Sealed

SERVICES = {"intake": intake, "review": review, "scheduling": scheduling, "billing": billing, "portal": portal}


def _contracts() -> dict[str, type[Event]]:
    classes = [value for module in SERVICES.values() for value in vars(module).values() if isinstance(value, type)]
    return {cls.TYPE: cls for cls in classes if issubclass(cls, Event) and "TYPE" in vars(cls)}


CONTRACTS: dict[str, type[Event]] = _contracts()

__all__ = ["CONTRACTS", "SERVICES", "Event", "FileClaim", "Sealed"]
