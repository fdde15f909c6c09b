"""Submissions are filed in batches, and each is answered as if it were filed alone."""

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import pytest
from sqlalchemy.exc import OperationalError
from starlette.requests import Request
from starlette.responses import Response

from services.demo.programme import CODE
from services.intake import actions
from services.intake.actions.programmes import locked_programme
from services.intake.api import batching
from services.intake.models import Application
from services.intake.rules.secrets import hash_of
from services.intake.schemas import ApplicationIn
from shared.foundation.correlation import correlated
from shared.persistence.audit import find_break
from shared.persistence.models import OutboxRow

Answer = Response | BaseException


class ConcurrentSubmissions:
    """Submissions that are all queued before the first batch is filed. `sizes`: number of filings per batch."""

    def __init__(self, intake, monkeypatch) -> None:
        self._intake = intake
        self._key_hash = hash_of(intake.http.headers["authorization"].partition(" ")[2])
        self.sizes: list[int] = []
        self.batcher = batching.SubmissionBatcher(intake.process)
        self._file = actions.file_applications
        monkeypatch.setattr(actions, "file_applications", self._record_size)
        self.fails: Callable[[Sequence[actions.Filing]], bool] = lambda _filings: False

    def _record_size(self, session, filings, **options):
        self.sizes.append(len(filings))
        if self.fails(filings):
            raise RuntimeError("an unexpected error")
        return self._file(session, filings, **options)

    def submission(self, application, key: str, **changes) -> batching.Submission:
        body = application.request(self._intake.upload(application)) | changes
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/intake/api/applications",
            "query_string": b"",
            "headers": [],
        }
        request = Request(scope | {"app": self._intake.http.app, "state": {}, "server": ("test", 80), "scheme": "http"})
        with correlated(f"request-{key}"):
            context = copy_context()
        return batching.Submission(request, self._key_hash, key, ApplicationIn.model_validate(body), context)

    def answers(self, submissions: Sequence[batching.Submission], *, disconnected: Sequence[int] = ()) -> list[Answer]:
        """Return the answers in the order of the submissions; those at the indices `disconnected` are cancelled."""

        async def answer_all() -> list[Answer]:
            tasks = [asyncio.ensure_future(self.batcher.answer(one)) for one in submissions]
            await asyncio.sleep(0.1)
            for index in disconnected:
                tasks[index].cancel()
            return await asyncio.gather(*tasks, return_exceptions=True)

        with ThreadPoolExecutor(1) as pool:
            with self._intake.process.database.transaction() as uow:
                locked_programme(uow, CODE)
                waiting = pool.submit(asyncio.run, answer_all())
                time.sleep(0.4)
            return waiting.result()


@pytest.fixture
def concurrent(intake, monkeypatch) -> ConcurrentSubmissions:
    return ConcurrentSubmissions(intake, monkeypatch)


def statuses(answers: Sequence[Answer]) -> list[int | str]:
    return [one.status_code if isinstance(one, Response) else type(one).__name__ for one in answers]


def test_queued_submissions_are_filed_together_and_an_invalid_one_is_refused_alone(intake, concurrent, applications):
    submissions = [concurrent.submission(one, f"key-{index:06}") for index, one in enumerate(applications[:6])]
    submissions[3] = concurrent.submission(applications[6], "key-000003", consents=[])
    answers = concurrent.answers(submissions)
    assert statuses(answers) == [201, 201, 201, 422, 201, 201]
    assert max(concurrent.sizes) > 1
    rows = sorted(intake.rows(Application), key=lambda row: row.serial)
    assert [row.serial for row in rows] == [1, 2, 3, 4, 5]
    assert len({row.payment_reference for row in rows}) == 5


def test_events_carry_their_requests_correlation_id_and_the_audit_chain_is_intact(intake, concurrent, applications):
    concurrent.answers([concurrent.submission(one, f"key-{index:06}") for index, one in enumerate(applications[:4])])
    submitted = [
        row.headers for row in intake.rows(OutboxRow) if "application_submitted" in row.headers["cloudEvents:type"]
    ]
    assert {headers["cloudEvents:correlationid"] for headers in submitted} == {f"request-key-{n:06}" for n in range(4)}
    with intake.process.database.reader() as session:
        assert find_break(session) is None


def test_a_repeated_key_in_a_batch_is_filed_once_and_gets_the_same_response(intake, concurrent, applications):
    submission = concurrent.submission(applications[0], "key-000001")
    first, other, repeat, changed = (
        submission,
        concurrent.submission(applications[1], "key-000002"),
        submission.__class__(submission.request, submission.key_hash, submission.key, submission.body),
        concurrent.submission(applications[0], "key-000001", recommendation="pending"),
    )
    answers = concurrent.answers([first, other, repeat, changed])
    assert statuses(answers) == [201, 201, 201, "Conflict"]
    assert answers[0].body == answers[2].body
    assert len(intake.rows(Application)) == 2


def test_a_repeated_person_or_number_in_a_batch_is_filed_once(intake, concurrent, applications):
    number = applications[0].request({kind.kind: "" for kind in applications[0].scans})["platform_no"]
    submissions = [
        concurrent.submission(applications[0], "key-000001"),
        concurrent.submission(applications[0], "key-000002", platform_no="P-2"),
        concurrent.submission(applications[1], "key-000003", platform_no=number),
    ]
    assert statuses(concurrent.answers(submissions)) == [201, 409, 409]
    assert len(intake.rows(Application)) == 1


def test_a_submission_that_breaks_a_batch_fails_alone(intake, concurrent, applications):
    submissions = [concurrent.submission(one, f"key-{index:06}") for index, one in enumerate(applications[:5])]
    failing_number = submissions[2].body.platform_no
    concurrent.fails = lambda filings: any(filing.body.platform_no == failing_number for filing in filings)
    assert statuses(concurrent.answers(submissions)) == [201, 201, "RuntimeError", 201, 201]
    assert len(intake.rows(Application)) == 4


def test_a_batch_has_a_maximum_size(intake, concurrent, applications, monkeypatch):
    monkeypatch.setattr(batching, "MAX_BATCH_SIZE", 3)
    answers = concurrent.answers(
        [concurrent.submission(one, f"key-{index:06}") for index, one in enumerate(applications[:8])]
    )
    assert statuses(answers) == [201] * 8
    assert max(concurrent.sizes) == 3


def test_a_disconnected_clients_application_is_filed_and_the_others_are_answered(intake, concurrent, applications):
    submissions = [concurrent.submission(one, f"key-{index:06}") for index, one in enumerate(applications[:4])]
    answers = concurrent.answers(submissions, disconnected=[1, 3])
    assert statuses(answers) == [201, "CancelledError", 201, "CancelledError"]
    assert len(intake.rows(Application)) == 4
    assert statuses(concurrent.answers([submissions[1]])) == [201]
    assert len(intake.rows(Application)) == 4


def test_a_commit_with_unknown_outcome_can_be_repeated(intake, concurrent, applications):
    submissions = [concurrent.submission(one, f"key-{index:06}") for index, one in enumerate(applications[:3])]

    def lose_connection() -> None:
        raise OperationalError("COMMIT", {}, Exception("the connection was lost"))

    committed, intake.process.database.committed = intake.process.database.committed, lose_connection
    assert statuses(concurrent.answers(submissions)) == ["OperationalError"] * 3
    intake.process.database.committed = committed
    assert statuses(concurrent.answers(submissions)) == [201, 201, 201]
    assert len(intake.rows(Application)) == 3


def test_a_revoked_key_is_rejected_although_it_was_cached(intake, applications):
    assert intake.file(applications[0]).status_code == 201
    body = applications[1].request(intake.upload(applications[1]))
    with intake.process.database.transaction() as uow:
        actions.revoke_client_key(uow, "平台", actor="test", now=intake.process.clock.now())
    assert intake.post(body, key="key-000002").status_code == 401
    assert len(intake.rows(Application)) == 1
