"""One correlation id from the HTTP request through events and jobs; carried in a context variable, written to every log line."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import uuid4

_current: ContextVar[str] = ContextVar("correlation_id", default="")


def correlation_id() -> str:
    """The id of the work at hand; a fresh one where none was brought along."""
    return _current.get() or uuid4().hex


@contextmanager
def correlated(given: str) -> Iterator[str]:
    """Everything inside belongs to `given`, or to a fresh id if that is empty."""
    token = _current.set(given or uuid4().hex)
    try:
        yield _current.get()
    finally:
        _current.reset(token)


def current_correlation_id() -> str:
    """The id of the work at hand, empty where there is none."""
    return _current.get()
