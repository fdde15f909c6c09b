"""A database with the plumbing's tables on SQLite and on PostgreSQL, and tools that write into the test's folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.adapters.files import FileStore
from shared.adapters.keyring import KeyRing
from shared.adapters.mail import FileMailer
from shared.context import Tools
from shared.persistence.database import Database
from shared.persistence.schema import upgrade
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
    """Keys of every purpose, files, post and a Redis of this test's own."""
    keys = KeyRing(tmp_path / "keys", purposes=("identity", "contact", "bank", "scan"))
    return Tools(
        keys=keys,
        files=FileStore(f"file://{tmp_path}/files", keys),
        mailer=FileMailer(tmp_path / "mail"),
        redis=make_redis(f"memory://{tmp_path}"),
        public_url="http://127.0.0.1",
    )
