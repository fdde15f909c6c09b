"""A portal over an empty database, for tests of actions, HTTP requests and browser pages."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from services.portal import actions
from services.portal.settings import PortalSettings
from services.portal.web import make_app
from shared.persistence.schema import upgrade
from shared.wiring.process import Process, open_process
from shared.wiring.settings import embedded
from tests.signing import serving

NOW = datetime(2021, 11, 23, 1, 0, tzinfo=UTC)
PASSWORD = "Wind-Over-Water-9"


@dataclass(frozen=True)
class Portal:
    """A portal's process and app, with helpers for tests."""

    process: Process
    app: FastAPI

    def client(self) -> TestClient:
        """Return an HTTP client that does not follow redirects."""
        return TestClient(self.app, follow_redirects=False)

    def account(self, account: str, *roles: str, name: str = "钱审核") -> None:
        """Create an account that can sign in with PASSWORD."""
        with self.process.database.transaction() as uow:
            link = actions.create_account(uow, account, name=name, roles=roles, actor="zhao", now=NOW)
        with self.process.database.transaction() as uow:
            actions.set_password(uow, link.rpartition("/")[2], password=PASSWORD, actor="link", now=NOW)

    def signed_in(self, account: str, *roles: str) -> TestClient:
        """Create an account and return a signed-in client that sends the CSRF token with every request."""
        self.account(account, *roles)
        client = self.client()
        assert client.post("/sign-in", data={"account": account, "password": PASSWORD}).status_code == 303
        client.headers["X-CSRF-Token"] = token_on(client.get("/password").text)
        return client


def token_on(page: str) -> str:
    """Return the CSRF token in a page's meta element."""
    match = re.search(r'<meta name="csrf-token" content="([0-9a-f]{128})">', page)
    assert match
    return match[1]


def make_portal(folder: Path, *, database_url: str = "", clock: str = "system") -> Portal:
    """Open a portal whose data are in `folder`, or in the given database."""
    values = embedded(folder, "portal", public_url="http://127.0.0.1:8000", clock=clock)
    settings = PortalSettings(**values | ({"database_url": database_url} if database_url else {}))
    upgrade(settings.database_url, "portal")
    process = open_process(settings)
    return Portal(process, make_app(process))


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[Portal]:
    """A portal on SQLite."""
    portal = make_portal(tmp_path)
    yield portal
    portal.process.database.close()


@pytest.fixture
def any_portal(tmp_path: Path, database_url: str) -> Iterator[Portal]:
    """A portal on each database: SQLite and PostgreSQL."""
    portal = make_portal(tmp_path, database_url=database_url)
    yield portal
    portal.process.database.close()


@pytest.fixture
def url(portal: Portal) -> Iterator[str]:
    """The URL of the running `portal`. Request it before the browser, so that the server stops after it."""
    with serving(portal.app) as url:
        yield url
