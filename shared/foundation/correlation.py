"""The correlation id of a request and of its events and jobs: kept in a context variable, written to every log line."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import uuid4

_current: ContextVar[str] = ContextVar("correlation_id", default="")


def correlation_id() -> str:
    """Return the current id, or a new one if there is none."""
    return _current.get() or uuid4().hex


@contextmanager
def correlated(identifier: str) -> Iterator[str]:
    """Set the current id to `identifier`, or to a new one if that is empty, while the context is open."""
    token = _current.set(identifier or uuid4().hex)
    try:
        yield _current.get()
    finally:
        _current.reset(token)


def current_correlation_id() -> str:
    """Return the current id, empty if there is none."""
    return _current.get()
