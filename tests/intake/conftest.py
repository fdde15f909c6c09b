"""An intake service on both databases, with the reference programme and one platform client, called over HTTP."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from sqlmodel import SQLModel, select

from services.demo.cohort import Application, cohort
from services.demo.programme import CODE, programme
from services.intake import actions
from services.intake.settings import IntakeSettings
from services.intake.web import make_app
from shared.events.intake import Programme
from shared.wiring.process import Process
from tests.processes import START, process_for


@dataclass
class Intake:
    """The service, and helpers for the platform's requests."""

    process: Process
    http: TestClient
    folder: Path

    def upload(self, application: Application) -> dict[str, str]:
        """Upload an application's scans; return the ids by kind."""
        ids = {}
        for scan in application.scans:
            response = self.http.post(
                "/intake/api/files",
                params={"programme": CODE},
                content=scan.content(),
                headers={"Content-Type": scan.media_type},
            )
            assert response.status_code == 201, response.text
            ids[scan.kind] = response.json()["id"]
        return ids

    def file(self, application: Application, *, key: str | None = None, **changes: Any) -> Response:
        """Upload the scans and file the application."""
        body = application.request(self.upload(application)) | changes
        return self.post(body, key=key or application.key)

    def post(self, body: dict[str, Any], *, key: str, draft: bool = False) -> Response:
        """File a request body unchanged."""
        url = "/intake/api/applications" + ("?draft=true" if draft else "")
        return self.http.post(url, json=body, headers={"Idempotency-Key": key})

    def rows(self, model: type[SQLModel]) -> list[Any]:
        """Return all rows of a table."""
        with self.process.database.reader() as session:
            return list(session.exec(select(model)).all())


@pytest.fixture
def intake(database_url: str, tmp_path: Path) -> Iterator[Intake]:
    process = process_for(IntakeSettings, database_url, tmp_path)
    with process.database.transaction() as uow:
        reference = Programme.model_validate(programme())
        actions.publish_programme(uow, reference, actor="test", now=START, keys=process.tools.keys)
        key = actions.issue_client_key(uow, "平台", actor="test", now=START)
    http = TestClient(make_app(process), headers={"Authorization": f"Bearer {key}"})
    yield Intake(process, http, tmp_path)
    process.database.close()


@pytest.fixture(scope="session")
def applications() -> tuple[Application, ...]:
    """Valid applications of the demo cohort."""
    return cohort(1).applications
