"""The sample service with thirty parcels, and a clerk who is signed in."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.shared.sample_service import House
from tests.signing import serving


@pytest.fixture
def house(tmp_path: Path) -> House:
    house = House(tmp_path)
    house.fill(30)
    return house


@pytest.fixture
def clerk(house: House) -> TestClient:
    return TestClient(house.app, cookies=house.cookies("intake"), follow_redirects=False)


@pytest.fixture
def url(house: House) -> Iterator[str]:
    """Asked for before the browser, so that it ends after the browser."""
    with serving(house.app) as url:
        yield url
