"""Alembic's environment, shared by all services. shared/persistence/schema.py sets the database and the service."""

from importlib import import_module
from typing import Any, Literal

from alembic import context
from sqlalchemy import create_engine
from sqlmodel import AutoString

from shared.persistence.columns import UtcDateTime
from shared.persistence.models import infrastructure


def _as_plain(kind: str, value: Any, _autogen: Any) -> str | Literal[False]:
    if kind == "type" and isinstance(value, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return "sa.String()" if kind == "type" and isinstance(value, AutoString) else False


def _run() -> None:
    attributes = context.config.attributes
    service = attributes["service"]
    own = [] if service == "shared" else [import_module(f"services.{service}.models").registered.metadata]
    engine = create_engine(attributes["database_url"])
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=[infrastructure.metadata, *own],
            render_item=_as_plain,
            render_as_batch=connection.dialect.name == "sqlite",
        )
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


_run()
