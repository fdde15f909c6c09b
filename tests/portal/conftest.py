"""A portal over an empty database, for actions, for HTTP and for a browser."""

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
    """A portal's process and app, with shortcuts for what nearly every test needs."""

    process: Process
    app: FastAPI

    def client(self) -> TestClient:
        """A browser that follows no redirect."""
        return TestClient(self.app, follow_redirects=False)

    def account(self, account: str, *roles: str, name: str = "钱审核") -> None:
        """An account that can sign in with PASSWORD."""
        with self.process.database.transaction() as uow:
            link = actions.create_account(uow, account, name=name, roles=roles, actor="zhao", now=NOW)
        with self.process.database.transaction() as uow:
            actions.set_password(uow, link.rpartition("/")[2], password=PASSWORD, actor="link", now=NOW)

    def signed_in(self, account: str, *roles: str) -> TestClient:
        """A browser in which a new account has signed in; it sends the session's token with everything."""
        self.account(account, *roles)
        client = self.client()
        assert client.post("/sign-in", data={"account": account, "password": PASSWORD}).status_code == 303
        client.headers["X-CSRF-Token"] = token_on(client.get("/password").text)
        return client


def token_on(page: str) -> str:
    """The forged-request token that a page tells programs."""
    found = re.search(r'<meta name="csrf-token" content="([0-9a-f]{64})">', page)
    assert found
    return found[1]


def make_portal(folder: Path, *, database_url: str = "", clock: str = "system") -> Portal:
    """A portal whose data live in `folder`, or in the database given."""
    given = embedded(folder, "portal", public_url="http://127.0.0.1:8000", clock=clock)
    settings = PortalSettings(**given | ({"database_url": database_url} if database_url else {}))
    upgrade(settings.database_url, "portal")
    process = open_process(settings)
    return Portal(process, make_app(process))


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[Portal]:
    """On SQLite."""
    portal = make_portal(tmp_path)
    yield portal
    portal.process.database.close()


@pytest.fixture
def any_portal(tmp_path: Path, database_url: str) -> Iterator[Portal]:
    """On SQLite and on PostgreSQL."""
    portal = make_portal(tmp_path, database_url=database_url)
    yield portal
    portal.process.database.close()


@pytest.fixture
def url(portal: Portal) -> Iterator[str]:
    """Where `portal` answers. Asked for before the browser, so that it ends after it."""
    with serving(portal.app) as url:
        yield url
