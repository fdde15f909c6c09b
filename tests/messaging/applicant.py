"""An intake service with one application, and a job. Used by the tests of metrics and telemetry."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

from fastapi.testclient import TestClient
from sqlmodel import select

from services.demo.cohort import cohort
from services.demo.programme import CODE, programme
from services.intake import actions
from services.intake.settings import IntakeSettings
from services.intake.web import make_app
from shared.context import Tools
from shared.events.intake import Programme
from shared.foundation.clock import SystemClock
from shared.jobs.job import Job, JobFunctions, enqueue
from shared.jobs.worker import JobWorker
from shared.persistence.database import Database
from shared.persistence.models import JobRow
from shared.persistence.schema import upgrade
from shared.wiring.process import Process
from tests.processes import START, process_for

FOREIGN = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
APPLICATION = cohort(1).applications[0]


class OpenFile(Job):
    """A job that a subscriber enqueues for an application."""

    NAME: ClassVar[str] = "open_file"
    application: UUID


@contextmanager
def open_intake(folder: Path) -> Iterator[Process]:
    """Yield an intake process with the reference programme published."""
    process = process_for(IntakeSettings, f"sqlite:///{folder / 'intake.db'}", folder)
    with process.database.transaction() as uow:
        content = Programme.model_validate(programme())
        actions.publish_programme(uow, content, actor="test", now=START, keys=process.tools.keys)
    yield process
    process.database.close()


@contextmanager
def open_subscriber(folder: Path) -> Iterator[Database]:
    """Yield the database of a subscriber."""
    url = f"sqlite:///{folder / 'subscriber.db'}"
    upgrade(url, "shared")
    database = Database(url)
    yield database
    database.close()


def file_application(process: Process) -> None:
    """Post the application with its scans, as the platform does, with the caller's own `traceparent`."""
    with process.database.transaction() as uow:
        key = actions.issue_client_key(uow, "平台", actor="test", now=START)
    http = TestClient(make_app(process), headers={"Authorization": f"Bearer {key}", "traceparent": FOREIGN})
    ids = {
        scan.kind: http.post(
            "/intake/api/files",
            params={"programme": CODE},
            content=scan.content(),
            headers={"Content-Type": scan.media_type},
        ).json()["id"]
        for scan in APPLICATION.scans
    }
    headers = {"Idempotency-Key": APPLICATION.key}
    assert http.post("/intake/api/applications", json=APPLICATION.request(ids), headers=headers).status_code == 201


def start_jobs(database: Database, number: int, application: UUID) -> list[UUID]:
    """Enqueue the job `number` times; return the ids."""
    with database.transaction() as uow:
        return [enqueue(uow, OpenFile(application=application)) for _ in range(number)]


def run_jobs(database: Database, functions: JobFunctions, *, service: str, tools: Tools) -> None:
    """Execute every waiting job."""
    with database.reader() as session:
        job_ids = session.exec(select(JobRow.id)).all()
    executor = JobWorker(database, functions, service=service, clock=SystemClock(), tools=tools)
    for job_id in job_ids:
        executor.execute(job_id)


def personal_data() -> list[Any]:
    """Return the values of the application that must not appear in metrics or traces."""
    student, firm = APPLICATION.body["student"], APPLICATION.body["firm"]
    return [student["name"], student["identity_number"], student["mobile"], student["email"], firm["name"]]
