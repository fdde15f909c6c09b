"""The pages of an English reader are in English."""

import re

import pytest
from starlette.testclient import TestClient

from tests.shared.dashboard.sample_paths import CSRF
from tests.shared.sample_service import Installation


@pytest.fixture
def reader(installation: Installation) -> TestClient:
    return TestClient(installation.app, cookies={**installation.cookies("intake"), "lingjun_language": "en"})


def test_the_layout_is_english_for_an_english_reader(reader: TestClient) -> None:
    text = reader.get("/intake/").text
    assert "Sign out" in text
    assert "退出登录" not in text


def test_refusals_of_pages_and_forms_are_english(reader: TestClient) -> None:
    assert "There is no such page or interface." in reader.get("/intake/nowhere").text
    answer = reader.post("/intake/nowhere", headers={**CSRF, "accept": "application/json"})
    assert answer.json()["detail"] == "There is no such page or interface."


def test_headings_filters_and_exports_of_a_list_are_english(reader: TestClient) -> None:
    text = reader.get("/intake/tables/parcels/list").text
    headings = re.findall(r'data-column="(?:state|id)">\s*<a[^>]*>\s*(\S+)', text)
    assert headings == ["Number", "State"]
    assert r'"label": "contains"' in text
    query = {"name": "export", "_list_query": "?sort=id__asc"}
    exported = reader.post(
        "/intake/tables/_api/parcels/action", params=query, data={"format": "csv", "scope": "page"}, headers=CSRF
    )
    assert exported.content.decode("utf-8-sig").startswith('"Number",')
