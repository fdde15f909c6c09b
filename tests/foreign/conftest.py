"""Fixtures for the tools of others: npm packages, the generator of Python clients, and services that they talk to."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from services.review.settings import ReviewSettings
from shared.persistence.schema import upgrade
from shared.wiring.process import Process, open_process
from shared.wiring.registry import SERVICES
from shared.wiring.settings import embedded
from tests.limits.apps import make_apps
from tests.servers import foreign


@pytest.fixture(scope="session")
def npm_packages() -> Path:
    """The folder of the npm packages."""
    found = foreign.npm_packages()
    if found is None:
        pytest.skip(foreign.HINT)
    return found


@pytest.fixture(scope="session")
def client_python() -> Path:
    """The Python of the generator and of its clients."""
    found = foreign.client_python()
    if found is None:
        pytest.skip(foreign.HINT)
    return found


@pytest.fixture(scope="session")
def documents(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The OpenAPI document of each service, as it is served, in a file."""
    folder, found = tmp_path_factory.mktemp("documents"), {}
    for app in make_apps(folder):
        service = app.state.process.service
        found[service] = folder / f"{service}.json"
        answer = TestClient(app).get(f"{SERVICES[service].prefix}/api/openapi.json")
        found[service].write_bytes(answer.content)
    return found


@pytest.fixture
def review(rabbitmq_url: str, tmp_path: Path) -> Iterator[Process]:
    """Review on RabbitMQ, with an empty database."""
    url = f"sqlite:///{tmp_path / 'review.db'}"
    upgrade(url, "review")
    settings = embedded(tmp_path, "review", public_url="http://127.0.0.1", clock="system")
    process = open_process(ReviewSettings(**settings | {"database_url": url, "broker_url": rabbitmq_url}))
    yield process
    process.database.close()
