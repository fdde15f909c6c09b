"""A mail that the server does not take is shown with its reason on the student's page, at the first attempt."""

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import select

from services.demo.cohort import Application
from services.intake import actions
from services.intake.settings import IntakeSettings
from services.intake.worker import make_jobs
from shared.adapters.mail import make_mailer
from shared.jobs.worker import JobWorker
from shared.persistence.models import JobRow
from tests.intake.conftest import Intake
from tests.shared.test_mail import Handler, serving
from tests.signing import session_cookies

USER = "platform:a-long-enough-word@"


@dataclass
class Slow(Handler):
    """A server that takes its time, as a busy one does."""

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        await asyncio.sleep(1)
        return await super().handle_DATA(server, session, envelope)


def send_consent_request(intake: Intake, filed: Application, url: str) -> tuple[str, str]:
    """Let the job run once with this mail server; return its state and the student's page."""
    process = intake.process
    application_id = intake.file(filed).json()["id"]
    assert isinstance(process.settings, IntakeSettings)
    tools = replace(process.tools, mailer=make_mailer(url))
    jobs = make_jobs(process.settings)
    worker = JobWorker(process.database, jobs, service="intake", clock=process.clock, tools=tools)
    with process.database.reader() as session:
        job_id = session.exec(select(JobRow.id)).one()
    worker.execute(job_id)
    with process.database.reader() as session:
        state = session.exec(select(JobRow.state)).one()
    intake.http.cookies.update(session_cookies(process, "intake"))
    return state, intake.http.get(f"/intake/applications/{application_id}").text


@pytest.mark.parametrize(
    ("handler", "options", "tls", "state", "reason"),
    [
        (Handler(rcpt="450 4.2.0 greylisted"), "&starttls=no", "none", "waiting", "450 4.2.0 greylisted"),
        (Handler(drops=True), "&starttls=no", "none", "waiting", "Connection unexpectedly closed"),
        (Handler(), "", "none", "waiting", "STARTTLS"),
        (Handler(), "", "starttls", "waiting", "CERTIFICATE_VERIFY_FAILED"),
        (Handler(rcpt="550 5.1.1 unknown"), "&starttls=no", "none", "failed", "550 5.1.1 unknown"),
    ],
    ids=["greylisted", "drops after DATA", "no TLS", "bad certificate", "unknown address"],
)
def test_an_unsent_mail_is_shown_with_its_reason(
    intake: Intake,
    applications: tuple[Application, ...],
    tmp_path: Path,
    handler: Handler,
    options: str,
    tls: str,
    state: str,
    reason: str,
) -> None:
    user = "" if options else USER
    with serving(handler, tmp_path, tls=tls) as address:
        url = f"smtp://{user}{address}/?from=a@example.cn{options}"
        found, page = send_consent_request(intake, applications[0], url)
    assert found == state
    assert "确认通知尚未发出" in page
    assert reason in page
    assert ("系统将于" in page, "已不再重试" in page) == (state == "waiting", state == "failed")
    assert applications[0].body["student"]["email"] not in page
    assert handler.secrets == []
    assert handler.drops or handler.mails == []


def test_a_slow_server_takes_the_mail(intake: Intake, applications: tuple[Application, ...], tmp_path: Path) -> None:
    handler = Slow()
    with serving(handler, tmp_path, tls="none") as address:
        state, page = send_consent_request(intake, applications[0], f"smtp://{address}/?from=a@example.cn&starttls=no")
    assert (state, len(handler.mails)) == ("done", 1)
    assert "尚未发出" not in page


def test_a_mail_that_is_sent_anew_takes_the_place_of_the_failed_one(
    intake: Intake, applications: tuple[Application, ...], tmp_path: Path
) -> None:
    with serving(Handler(rcpt="550 5.1.1 unknown"), tmp_path, tls="none") as address:
        url = f"smtp://{address}/?from=a@example.cn&starttls=no"
        assert "尚未发出" in send_consent_request(intake, applications[0], url)[1]
    with intake.process.database.transaction() as uow:
        row = uow.session.exec(select(JobRow)).one()
        actions.request_consent(uow, UUID(row.payload["application_id"]), actor="li", now=intake.process.clock.now())
    assert "尚未发出" not in intake.http.get(f"/intake/applications/{row.payload['application_id']}").text
