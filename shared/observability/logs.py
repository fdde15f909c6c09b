"""Structured logs: one JSON object per line, with the correlation id, never a sensitive value. Configured once per
process."""

import logging
import sys
from typing import Any

import structlog

from shared.foundation.correlation import current_correlation_id


def configure(service: str, level: str) -> None:
    """Write the records of structlog and of the standard library to standard error, as JSON."""
    shared: list[Any] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso"),
        _with_correlation,
        lambda _logger, _name, record: record | {"service": record.get("service", service)},
    ]
    structlog.configure(
        processors=[
            *shared,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    handler = logging.StreamHandler(sys.stderr)
    formatter = structlog.stdlib.ProcessorFormatter(
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        foreign_pre_chain=shared,
    )
    handler.setFormatter(formatter)
    logging.root.handlers = [handler]
    logging.root.setLevel(level)


def _with_correlation(_logger: Any, _name: str, record: Any) -> Any:
    if current := current_correlation_id():
        record["correlation_id"] = current
    return record
