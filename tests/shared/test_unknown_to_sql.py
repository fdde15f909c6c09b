"""A value that PostgreSQL cannot represent gets 422 and is not logged."""

from pathlib import Path

import pytest
from fastapi import APIRouter
from sqlalchemy import Integer, Text, literal, select
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from services.intake.settings import IntakeSettings
from shared.http.web import ReadingSession, make_app
from shared.wiring.process import open_process
from shared.wiring.settings import embedded

router = APIRouter()


@router.get("/api/texts")
def texts(session: ReadingSession, value: str) -> str:
    return session.execute(select(literal(value, Text))).scalar_one()


@router.get("/api/numbers")
def numbers(session: ReadingSession, value: int) -> int:
    return session.execute(select(literal(value, Integer))).scalar_one()


@pytest.mark.parametrize("path", ["texts?value=secret%00", "numbers?value=99999999999"])
def test_an_unrepresentable_value_gets_422_and_is_not_logged(tmp_path: Path, postgres_url, path: str) -> None:
    settings = embedded(tmp_path, "intake", public_url="http://127.0.0.1", clock="system")
    process = open_process(IntakeSettings(**settings | {"database_url": postgres_url("unknown")}))
    app = make_app(process)
    app.include_router(router)
    with capture_logs() as logged:
        answer = TestClient(app).get(f"/api/{path}")
    process.database.close()
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown-to-sql")
    assert "更正后再试" in answer.json()["detail"]
    assert [line["event"] for line in logged] == ["unknown_to_sql"]
    assert "secret" not in str(logged)
