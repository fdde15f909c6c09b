"""A decorator for handlers that also need stale events, because they store the history and not only the current state.

Checked by the consumer.
"""

from collections.abc import Callable
from typing import Any, TypeVar

_Handler = TypeVar("_Handler", bound=Callable[..., Any])
_MARK = "keeps_history"


def accept_stale(handler: _Handler) -> _Handler:
    """Pass every event to the handler once, in any order. Other handlers skip an event that arrives after a later event
    of the same part."""
    setattr(handler, _MARK, True)
    return handler


def accepts_stale(handler: Callable[..., Any]) -> bool:
    """Whether the handler also receives stale events."""
    return getattr(handler, _MARK, False)
