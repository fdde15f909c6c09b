"""HTTP clients signed in as staff, and paths of cases. Used by the tests of review's pages."""

from fastapi.testclient import TestClient

from services.review.web import make_app
from tests.review.stage import Review
from tests.review.submissions import case_id
from tests.signing import csrf_headers, session_cookies


def as_staff(review: Review, account: str, *roles: str) -> TestClient:
    cookies = session_cookies(review.process, *roles, account=account, name=account)
    return TestClient(make_app(review.process), cookies=cookies, headers=csrf_headers(), follow_redirects=False)


def case_path(number, verb=""):
    return f"/review/cases/{case_id(number)}" + (f"/{verb}" if verb else "")
