"""A request body over its route's limit gets 413, with or without a declared length, on the API and in forms."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter, Request, UploadFile
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from services.intake.settings import IntakeSettings
from shared.foundation.language import SHARED_CATALOGUES, load_catalogues
from shared.http import limits
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


@router.post("/api/scans", max_body_size=limits.SCAN)
async def post_scan(request: Request) -> int:
    return len(await request.body())


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    settings = embedded(tmp_path, "intake", public_url="http://127.0.0.1", clock="system")
    app = make_app(open_process(IntakeSettings(**settings)))
    app.include_router(router)
    return TestClient(app)


BODIES = [
    ("/api/bodies", "application/json", b'{"text": "', b'"}', limits.JSON),
    (
        "/form",
        "multipart/form-data; boundary=b",
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="scan.pdf"\r\n\r\n',
        b"\r\n--b--\r\n",
        limits.FORM,
    ),
    ("/api/scans", "application/pdf", b"%PDF-", b"%%EOF", limits.SCAN),
]


def in_parts(body: bytes) -> Iterator[bytes]:
    part = 64 * 1024
    for start in range(0, len(body), part):
        yield body[start : start + part]


@pytest.mark.parametrize("in_one", [True, False], ids=["length declared", "in parts"])
@pytest.mark.parametrize(("path", "kind", "before", "after", "limit"), BODIES)
def test_a_body_over_the_limit_gets_413_and_one_at_the_limit_is_accepted(
    client: TestClient, path: str, kind: str, before: bytes, after: bytes, limit: int, in_one: bool
) -> None:
    full = before + b"x" * (limit - len(before) - len(after)) + after
    with capture_logs() as logged:
        for body, status in ((full, 200), (full + b" ", 413)):
            answer = client.post(path, content=body if in_one else in_parts(body), headers={"Content-Type": kind})
            assert answer.status_code == status, answer.text
    assert answer.json()["code"] == "too-large"
    assert [(one["event"], one["code"], one["route"]) for one in logged] == [("refused", "too-large", path)]


def test_the_message_is_english_for_an_english_reader(client: TestClient) -> None:
    load_catalogues(SHARED_CATALOGUES)  # as every dashboard does
    client.cookies["lingjun_language"] = "en"
    answer = client.post("/api/bodies", content=b"x" * (limits.JSON + 1), headers={"Content-Type": "application/json"})
    assert answer.status_code == 413
    assert answer.json()["detail"].startswith("More than 256 KB")


@pytest.mark.parametrize("length", ["-1", "1e3", "9" * 5000, ""])
def test_a_length_that_is_no_number_gets_413(client: TestClient, length: str) -> None:
    answer = client.post("/api/bodies", content=b"{}", headers={"Content-Length": length})
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")


def test_a_body_that_does_not_arrive_in_time_gets_408_and_the_connection_is_closed(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BODY_SECONDS", 0.05)

    async def send() -> list[dict[str, Any]]:
        sent: list[dict[str, Any]] = []
        parts = iter([{"type": "http.request", "body": b'{"text":', "more_body": True}])

        async def receive() -> dict[str, Any]:
            if part := next(parts, None):
                return part
            await asyncio.Event().wait()
            raise AssertionError

        async def note(message: Any) -> None:
            sent.append(message)

        headers = [(b"content-type", b"application/json"), (b"content-length", b"100")]
        scope = {"type": "http", "method": "POST", "path": "/api/bodies", "query_string": b"", "headers": headers}
        await client.app(scope | {"root_path": "", "scheme": "http", "server": ("testserver", 80)}, receive, note)
        return sent

    start = asyncio.run(send())[0]
    assert (start["status"], dict(start["headers"])[b"connection"]) == (408, b"close")


def test_a_part_that_arrives_extends_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """A large file may take longer than BODY_SECONDS."""
    monkeypatch.setattr(limits, "BODY_SECONDS", 0.05)
    monkeypatch.setattr(limits, "SLOWEST_BYTES_PER_SECOND", 1)

    async def read() -> int:
        async def receive() -> dict[str, Any]:
            await asyncio.sleep(0.03)
            return {"type": "http.request", "body": b"xxxx", "more_body": True}

        body = limits.Body(Request({"type": "http", "headers": []}).headers, receive, limits.JSON)
        return sum([len((await body.receive())["body"]) for _part in range(4)])

    assert asyncio.run(read()) == 16
