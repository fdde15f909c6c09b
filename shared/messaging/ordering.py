"""Handlers that keep what happened, not how things stand: for them no event is stale. Marked where they are defined, asked by
the consumer.
"""

from collections.abc import Callable
from typing import Any, TypeVar

_Handler = TypeVar("_Handler", bound=Callable[..., Any])
_MARK = "keeps_history"


def accept_stale(handler: _Handler) -> _Handler:
    """Lets the handler hear every event once, in whatever order they come; the others pass over what was overtaken by a later
    event of the same part."""
    setattr(handler, _MARK, True)
    return handler


def accepts_stale(handler: Callable[..., Any]) -> bool:
    """Whether the handler hears an event that was overtaken."""
    return getattr(handler, _MARK, False)
