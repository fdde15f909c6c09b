"""Review's pages over HTTP: access by role, and redirects."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from services.demo.programme import CODE
from services.review.settings import ReviewSettings
from services.review.web import make_app
from tests.processes import process_for
from tests.review.desk import as_staff
from tests.review.submissions import case_id
from tests.signing import session_cookies


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """Use SQLite only; other tests cover the actions on both databases."""
    return f"sqlite:///{tmp_path / 'test.db'}"


@pytest.fixture
def reviewer(review):
    return as_staff(review, "review01", "reviewer")


def test_an_auditor_can_open_every_page_and_change_nothing(review):
    review.released(90, 85, 80, 75, 70, 65)
    auditor = as_staff(review, "audit01", "auditor")
    for path in ("", "/", "/scores", "/my-sheets", "/ranking", "/work", "/seats", f"/cases/{case_id(0)}"):
        assert auditor.get(f"/review{path}").status_code == 200, path
    for path in ("cases", f"cases/{case_id(0)}", "sheets", "ranking", "work", "figures"):
        assert auditor.get(f"/review/api/{path}").status_code == 200, path
    for path in (f"ranking/{CODE}/release", f"seats/{case_id(0)}/decline", f"cases/{case_id(0)}/pass"):
        assert auditor.post(f"/review/{path}").status_code == 403
    for path in ("work/lapses", "work/promotions", "passes", "scores", "my-sheets"):
        assert auditor.post(f"/review/{path}", data={"item_id": str(case_id(0))}).status_code == 403


def test_the_case_list_redirects_and_filters(review, reviewer):
    review.arrive(0)
    assert reviewer.get("/review/cases").headers["location"] == "/review/tables/cases/list"
    assert reviewer.get("/review/tables/cases/list").status_code == 200
    found = reviewer.get("/review/api/cases", params={"state": "open", "programme": CODE}).json()
    assert [(one["platform_no"], one["fate"]) for one in found] == [(review.case(0).platform_no, "in_process")]
    assert reviewer.get("/review/api/cases", params={"programme": "nope"}).status_code == 404


def test_pages_report_a_missing_programme(database_url, tmp_path):
    process = process_for(ReviewSettings, database_url, tmp_path)
    office = TestClient(make_app(process), cookies=session_cookies(process, "reviewer"))
    assert "还没有培训项目" in office.get("/review/").text
    assert office.get("/review/scores").status_code == 404
    process.database.close()


def test_a_visitor_is_redirected_to_the_login_page(review):
    visitor = TestClient(make_app(review.process), follow_redirects=False)
    assert visitor.get("/review/").headers["location"].startswith("/sign-in")
    assert visitor.get("/review/api/work").status_code == 401
