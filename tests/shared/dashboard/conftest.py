"""The sample service with thirty parcels, and the client of a signed-in clerk."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.shared.sample_service import Installation
from tests.signing import serving


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    installation = Installation(tmp_path)
    installation.fill(30)
    return installation


@pytest.fixture
def clerk(installation: Installation) -> TestClient:
    return TestClient(installation.app, cookies=installation.cookies("intake"), follow_redirects=False)


@pytest.fixture
def url(installation: Installation) -> Iterator[str]:
    """Address of the sample service. Requested before the browser, so that it stops after the browser."""
    with serving(installation.app) as url:
        yield url
