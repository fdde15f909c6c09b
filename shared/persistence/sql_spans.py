"""Spans of the statements of an engine: operation and tables, never parameters or the text. Used by database.py where
tracing is on.

OpenTelemetry's own instrumentation does not support SQLAlchemy 2.1 (it instruments nothing). Nor may a span hold the text of a
statement, or the polling of outbox and jobs fill the store with traces of their own.
"""

import re
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Engine, ExceptionContext, event

from shared.observability import telemetry
from shared.observability.telemetry import Attributes

_VERB = re.compile(r"\b(?:SELECT|INSERT|UPDATE|DELETE)\b|^\s*(?!WITH)\w+")
# A name that a parenthesis follows is a function; FOR UPDATE and DO UPDATE name no table.
_TABLE = re.compile(r'\b(?:FROM|JOIN|INTO|(?<!FOR )(?<!KEY )(?<!DO )UPDATE)\s+"?([a-z_]\w*)(?![\w(])')
_MOST_TABLES = 10


def trace_statements(engine: Engine) -> None:
    """Give each statement of the engine a span, where it is executed inside another span."""
    server = _server(engine)

    def start(_connection: Connection, _cursor: Any, statement: str, _values: Any, context: Any, _many: bool) -> None:
        operation, tables = summary(statement)
        context.span = telemetry.started_call(
            " ".join((operation, *tables)), {**server, **_attributes(operation, tables)}
        )

    def end(_connection: Connection, _cursor: Any, _statement: str, _values: Any, context: Any, _many: bool) -> None:
        context.span.end()

    def fail(failure: ExceptionContext) -> None:
        span = getattr(failure.execution_context, "span", None)
        if span is not None:
            telemetry.failed(span, failure.original_exception)
            span.end()

    event.listen(engine, "before_cursor_execute", start)
    event.listen(engine, "after_cursor_execute", end)
    event.listen(engine, "handle_error", fail)


def _server(engine: Engine) -> Attributes:
    url = engine.url
    attributes: dict[str, str | int] = {"db.system.name": engine.dialect.name}
    if url.host:
        attributes |= {"db.namespace": url.database or "", "server.address": url.host, "server.port": url.port or 5432}
    return attributes


def _attributes(operation: str, tables: tuple[str, ...]) -> Attributes:
    attributes = {"db.operation.name": operation, "db.query.summary": " ".join((operation, *tables))}
    if len(tables) == 1:
        attributes["db.collection.name"] = tables[0]
    return attributes


@lru_cache(1024)
def summary(statement: str) -> tuple[str, tuple[str, ...]]:
    """Return the operation and the first tables of a statement, in their order."""
    found = _VERB.search(statement)
    return found[0].strip() if found else "", tuple(dict.fromkeys(_TABLE.findall(statement)))[:_MOST_TABLES]
