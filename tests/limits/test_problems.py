"""A refusal names at most 50 faults in at most 16 KB, and counts the others."""

from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter
from starlette.testclient import TestClient

from services.intake.settings import IntakeSettings
from shared.foundation.errors import FieldError, Invalid
from shared.http.problems import MOST_BYTES, MOST_FAULTS
from shared.http.web import make_app
from shared.wiring.process import open_process
from shared.wiring.settings import embedded

router = APIRouter()


@router.get("/api/refusal")
def refusal(count: int, length: int) -> None:
    errors = [FieldError("/" + "名" * length, "fault", "错" * length) for _fault in range(count)]
    raise Invalid("{text}", code="faults", field_errors=errors, values={"text": "长" * length})


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    settings = embedded(tmp_path, "intake", public_url="http://127.0.0.1", clock="system")
    app = make_app(open_process(IntakeSettings(**settings)))
    app.include_router(router)
    return TestClient(app)


def problem(client: TestClient, count: int, length: int) -> dict[str, Any]:
    answer = client.get("/api/refusal", params={"count": count, "length": length})
    assert (answer.status_code, len(answer.content) <= MOST_BYTES) == (422, True)
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize("count", [1, MOST_FAULTS])
def test_fifty_faults_are_named(client: TestClient, count: int) -> None:
    found = problem(client, count, 5)
    assert (len(found["faults"]), "more_faults" in found) == (count, False)


def test_further_faults_are_counted(client: TestClient) -> None:
    found = problem(client, 100_000, 5)
    assert (len(found["faults"]), found["more_faults"]) == (MOST_FAULTS, 100_000 - MOST_FAULTS)


def test_long_faults_are_cut_and_those_without_room_are_counted(client: TestClient) -> None:
    found = problem(client, 60, 100_000)
    assert 1 <= len(found["faults"]) < MOST_FAULTS
    assert len(found["faults"]) + found["more_faults"] == 60


def test_a_refusal_without_faults_has_no_list(client: TestClient) -> None:
    assert not {"faults", "more_faults"} & problem(client, 0, 5).keys()
