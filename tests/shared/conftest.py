"""Fixtures: a database with the infrastructure tables, on SQLite and PostgreSQL, and tools that write to the test's
folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.adapters.files import FileStore
from shared.adapters.keyring import KeyRing
from shared.adapters.mail import FileMailer
from shared.context import Tools
from shared.persistence.database import Database
from shared.persistence.schema import upgrade
from shared.sandbox import Sandbox
from shared.wiring.process import make_redis


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An upgraded database."""
    upgrade(database_url, "shared")
    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def tools(tmp_path: Path) -> Tools:
    """Keys of every purpose, files, mail and Redis, all for this test only."""
    keys = KeyRing(tmp_path / "keys", purposes=("identity", "contact", "bank", "scan"))
    return Tools(
        keys=keys,
        files=FileStore(f"file://{tmp_path}/files", keys),
        mailer=FileMailer(tmp_path / "mail"),
        redis=make_redis(f"memory://{tmp_path}"),
        public_url="http://127.0.0.1",
        sandbox=Sandbox(),
    )
