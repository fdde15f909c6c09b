"""A request body over the limit gets 413, with or without a declared length, on the API and in forms."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter, UploadFile
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from services.intake.settings import IntakeSettings
from shared.foundation.language import SHARED_CATALOGUES, load_catalogues
from shared.http.security_headers import LARGEST_BODY
from shared.http.web import make_app
from shared.wiring.process import open_process
from shared.wiring.settings import embedded

router = APIRouter()


@router.post("/api/bodies")
def post_json(body: dict[str, Any]) -> int:
    return len(body["text"])


@router.post("/form")
def post_form(file: UploadFile) -> int:
    return len(file.file.read())


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    settings = embedded(tmp_path, "intake", public_url="http://127.0.0.1", clock="system")
    app = make_app(open_process(IntakeSettings(**settings)))
    app.include_router(router)
    return TestClient(app)


BODIES = [
    ("/api/bodies", "application/json", b'{"text": "', b'"}'),
    (
        "/form",
        "multipart/form-data; boundary=b",
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="scan.pdf"\r\n\r\n',
        b"\r\n--b--\r\n",
    ),
]


def in_parts(body: bytes) -> Iterator[bytes]:
    part = 1024 * 1024
    for start in range(0, len(body), part):
        yield body[start : start + part]


@pytest.mark.parametrize("in_one", [True, False], ids=["length declared", "in parts"])
@pytest.mark.parametrize(("path", "kind", "before", "after"), BODIES)
def test_a_body_over_the_limit_gets_413_and_one_at_the_limit_is_accepted(
    client: TestClient, path: str, kind: str, before: bytes, after: bytes, in_one: bool
) -> None:
    full = before + b"x" * (LARGEST_BODY - len(before) - len(after)) + after
    with capture_logs() as logged:
        for body, status in ((full, 200), (full + b" ", 413)):
            answer = client.post(path, content=body if in_one else in_parts(body), headers={"Content-Type": kind})
            assert answer.status_code == status, answer.text
    assert (answer.json()["code"], logged) == ("too-large", [])


def test_the_message_is_english_for_an_english_reader(client: TestClient) -> None:
    load_catalogues(SHARED_CATALOGUES)  # as every dashboard does
    client.cookies["lingjun_language"] = "en"
    answer = client.post("/api/bodies", content=b"x" * (LARGEST_BODY + 1), headers={"Content-Type": "application/json"})
    assert answer.status_code == 413
    assert answer.json()["detail"].startswith("More than 12 MB. Make the scans smaller")
