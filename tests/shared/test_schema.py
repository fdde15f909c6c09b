"""Migrations: complete on both databases, repeatable, refused on a newer database."""

from importlib import import_module

import pytest
from sqlalchemy import create_engine, text

from shared.foundation.errors import Conflict
from shared.persistence.models import infrastructure
from shared.persistence.schema import differences, upgrade
from shared.wiring.registry import SERVICES


@pytest.mark.parametrize("service", SERVICES)
def test_the_migrations_create_exactly_the_tables_of_the_models(database_url, service):
    upgrade(database_url, service)
    upgrade(database_url, service)
    own = import_module(f"services.{service}.models").registered.metadata
    assert differences(database_url, [infrastructure.metadata, own]) == []


def test_a_database_that_is_newer_than_the_code_is_refused(database_url):
    upgrade(database_url, "shared")
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'plumbing_9999'"))
    engine.dispose()
    with pytest.raises(Conflict, match="plumbing_9999"):
        upgrade(database_url, "shared")
