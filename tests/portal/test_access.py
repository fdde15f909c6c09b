"""Every route of every service rejects forms of read-only users and requests of strangers."""

import re
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient

from services.intake.settings import IntakeSettings
from services.intake.web import make_app as make_intake
from services.review.settings import ReviewSettings
from services.review.web import make_app as make_review
from services.scheduling.settings import SchedulingSettings
from services.scheduling.web import make_app as make_scheduling
from shared.wiring.process import Process
from shared.wiring.settings import Settings
from tests.processes import process_for
from tests.signing import csrf_headers, session_cookies

SERVICES: dict[str, tuple[type[Settings], Callable[[Process], FastAPI]]] = {
    "intake": (IntakeSettings, make_intake),
    "review": (ReviewSettings, make_review),
    "scheduling": (SchedulingSettings, make_scheduling),
}
OPEN = ("/intake/consent/{token}", "/review/check", "/review/check/{code}", "/healthz", "/readyz", "/api/openapi.json")

PLATFORM = ("/intake/api/files", "/intake/api/applications")


def routes(app: FastAPI, method: str) -> list[str]:
    """Return the paths of the staff's routes with a method; other tests cover the platform's endpoints."""
    paths = [route.path for route in iter_route_contexts(app.routes) if method in (route.methods or ())]
    return [path for path in paths if path and not path.endswith(OPEN) and not path.startswith(PLATFORM)]


def with_random_id(path: str) -> str:
    """Return the path with a random id."""
    return re.sub(r"\{[^}]+\}", str(uuid4()), path)


@pytest.fixture(params=sorted(SERVICES))
def installation(request: pytest.FixtureRequest, tmp_path: Path):
    settings, make_app = SERVICES[request.param]
    process = process_for(settings, f"sqlite:///{tmp_path / 'test.db'}", tmp_path)
    yield process, make_app(process), request.param
    process.database.close()


def test_an_auditor_can_post_nowhere(installation):
    process, app, _service = installation
    auditor = TestClient(app, cookies=session_cookies(process, "auditor"), headers=csrf_headers())
    posts = routes(app, "POST")
    assert len(posts) >= 6
    assert {path: auditor.post(with_random_id(path)).status_code for path in posts} == dict.fromkeys(posts, 403)


def test_staff_of_another_service_and_strangers_can_read_no_page(installation):
    process, app, service = installation
    finance = TestClient(app, cookies=session_cookies(process, "finance"), follow_redirects=False)
    stranger = TestClient(app, follow_redirects=False)
    pages = [path for path in routes(app, "GET") if path.startswith(f"/{service}")]
    assert len(pages) >= 6
    assert {path: finance.get(with_random_id(path)).status_code for path in pages} == dict.fromkeys(pages, 403)
    expected = {path: 401 if "/api/" in path else 303 for path in pages}
    assert {path: stranger.get(with_random_id(path)).status_code for path in pages} == expected
