"""Alembic's environment, shared by all services. shared/persistence/schema.py sets the database and the service."""

from importlib import import_module
from typing import Any, Literal

from alembic import context
from sqlalchemy import Engine, create_engine, event
from sqlmodel import AutoString

from shared.persistence.columns import UtcDateTime
from shared.persistence.models import infrastructure
from shared.persistence.server_away import connect_options


def _as_plain(kind: str, value: Any, _autogen: Any) -> str | Literal[False]:
    if kind == "type" and isinstance(value, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return "sa.String()" if kind == "type" and isinstance(value, AutoString) else False


def _make_transactional(engine: Engine) -> None:
    """Let a migration that fails change nothing: Python's driver commits before each CREATE, ALTER and DROP otherwise."""
    event.listen(engine, "connect", lambda connection, _record: setattr(connection, "isolation_level", None))
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))


def _run() -> None:
    attributes = context.config.attributes
    service = attributes["service"]
    own = [] if service == "shared" else [import_module(f"services.{service}.models").registered.metadata]
    engine = create_engine(attributes["database_url"], connect_args=connect_options(attributes["database_url"]))
    if engine.dialect.name == "sqlite":
        _make_transactional(engine)
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=[infrastructure.metadata, *own],
            render_item=_as_plain,
            render_as_batch=connection.dialect.name == "sqlite",
            transactional_ddl=True,
        )
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


_run()
