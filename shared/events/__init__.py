"""The event contracts between services. One module per publisher; `CONTRACTS` maps wire names to classes.

Contracts only grow: unknown fields are ignored on read, and a breaking change is a `v2` published beside `v1`. Tests
check both against the snapshots in tests/contracts. `make generate` generates docs/events.md from this package.
"""

from importlib import import_module
from pkgutil import iter_modules

from shared.events.base import Event, FileClaim, Sealed

_NO_PUBLISHERS = ("base", "envelope")


def _contracts() -> dict[str, type[Event]]:
    publishers = [found.name for found in iter_modules(__path__) if found.name not in _NO_PUBLISHERS]
    modules = [import_module(f"{__name__}.{name}") for name in publishers]
    classes = [value for module in modules for value in vars(module).values() if isinstance(value, type)]
    return {cls.TYPE: cls for cls in classes if issubclass(cls, Event) and "TYPE" in vars(cls)}


CONTRACTS: dict[str, type[Event]] = _contracts()

__all__ = ["CONTRACTS", "Event", "FileClaim", "Sealed"]
