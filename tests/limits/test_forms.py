"""A text of a form that is too long is refused with its field, also in forms that are read as a whole."""

from pathlib import Path

import pytest
from fastapi import APIRouter
from starlette.testclient import TestClient

from shared.http.auth import csrf_token
from shared.http.fields import WholeForm
from tests.shared.dashboard.sample_paths import ACTION
from tests.shared.sample_service import Installation

router = APIRouter(prefix="/intake")


@router.post("/whole")
def read_whole(form: WholeForm) -> list[str]:
    return [str(value) for value in form.values()]


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    installation = Installation(tmp_path)
    installation.fill()
    installation.app.router.routes.insert(0, router.routes[0])
    headers = {"X-CSRF-Token": csrf_token("s" * 32), "Accept": "application/json"}
    return TestClient(installation.app, cookies=installation.cookies("intake"), headers=headers)


@pytest.mark.parametrize("kind", ["urlencoded", "multipart"])
def test_a_form_that_is_read_as_a_whole_has_bounded_texts(client: TestClient, kind: str) -> None:
    files = {"scan": b"x"} if kind == "multipart" else None
    accepted = client.post("/intake/whole", data={"point": "x" * 4000}, files=files)
    assert accepted.json()[0] == "x" * 4000
    refused = client.post("/intake/whole", data={"fine": "x", "point": "x" * 4001}, files=files)
    assert (refused.status_code, [one["field"] for one in refused.json()["faults"]]) == (422, ["/point"])
    named = client.post("/intake/whole", data={"n" * 101: "x"}, files=files)
    assert (named.status_code, [one["field"] for one in named.json()["faults"]]) == (422, ["/" + "n" * 100])


def test_an_entry_of_a_list_action_has_a_bounded_text(client: TestClient) -> None:
    answer = client.post(ACTION, params={"name": "pass", "pks": "1"}, data={"note": "x" * 4001})
    assert (answer.status_code, answer.json()) == (400, {"msg": "表单中的一项太长，请缩短后重试。"})
