"""No form of any service is taken from somebody who may only read, nor from a stranger: every route is asked."""

import re
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
from tests.processes import process_for
from tests.signing import csrf_headers, session_cookies

HOUSES = {
    "intake": (IntakeSettings, make_intake),
    "review": (ReviewSettings, make_review),
    "scheduling": (SchedulingSettings, make_scheduling),
}
OPEN = ("/intake/consent/{token}", "/healthz", "/readyz", "/api/openapi.json")

PLATFORM = ("/intake/api/files", "/intake/api/applications")


def routes(app: FastAPI, method: str) -> list[str]:
    """The paths that staff can reach with a method; the platform's own door is proved elsewhere."""
    found = [one.path for one in iter_route_contexts(app.routes) if method in (one.methods or ())]
    return [path for path in found if path and not path.endswith(OPEN) and not path.startswith(PLATFORM)]


def asked(path: str) -> str:
    """The path with an id that nobody has."""
    return re.sub(r"\{[^}]+\}", str(uuid4()), path)


@pytest.fixture(params=sorted(HOUSES))
def installation(request: pytest.FixtureRequest, tmp_path: Path):
    settings, make_app = HOUSES[request.param]
    process = process_for(settings, f"sqlite:///{tmp_path / 'test.db'}", tmp_path)
    yield process, make_app(process), request.param
    process.database.close()


def test_who_may_only_read_can_post_nowhere(installation):
    process, app, _service = installation
    auditor = TestClient(app, cookies=session_cookies(process, "auditor"), headers=csrf_headers())
    posts = routes(app, "POST")
    assert len(posts) >= 6
    assert {path: auditor.post(asked(path)).status_code for path in posts} == dict.fromkeys(posts, 403)


def test_staff_of_another_service_and_strangers_open_no_page_and_no_file(installation):
    process, app, service = installation
    others = TestClient(app, cookies=session_cookies(process, "finance"), follow_redirects=False)
    stranger = TestClient(app, follow_redirects=False)
    pages = [path for path in routes(app, "GET") if path.startswith(f"/{service}")]
    assert len(pages) >= 6
    assert {path: others.get(asked(path)).status_code for path in pages} == dict.fromkeys(pages, 403)
    shut = {path: 401 if "/api/" in path else 303 for path in pages}
    assert {path: stranger.get(asked(path)).status_code for path in pages} == shut
