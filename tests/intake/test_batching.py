"""The platform's door gathers what waits into one transaction: each is answered as if it had come alone."""

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import col, select
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
from shared.persistence.audit import first_break
from shared.persistence.models import AuditHead, AuditRow, OutboxRow

Answer = Response | BaseException


class Crowd:
    """Posts that all wait at the door before the first batch can be filed. `sizes`: how many each batch filed."""

    def __init__(self, intake, monkeypatch) -> None:
        self._intake = intake
        self._key_hash = hash_of(intake.http.headers["authorization"].partition(" ")[2])
        self.sizes: list[int] = []
        self.door = batching.SubmissionBatcher(intake.process)
        self._file = actions.file_applications
        monkeypatch.setattr(actions, "file_applications", self._spied)
        self.fails: Callable[[Sequence[actions.Filing]], bool] = lambda _filings: False

    def _spied(self, session, filings, **given):
        self.sizes.append(len(filings))
        if self.fails(filings):
            raise RuntimeError("a fault nobody thought of")
        return self._file(session, filings, **given)

    def posted(self, application, key: str, **changes) -> batching.Submission:
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
        return batching.Submission(request, self._key_hash, key, ApplicationIn.model_validate(body), False, context)

    def answers(self, posted: Sequence[batching.Submission], *, gone: Sequence[int] = ()) -> list[Answer]:
        """In the order of the posts; those of `gone` stop listening while they wait."""

        async def all_at_once() -> list[Answer]:
            tasks = [asyncio.ensure_future(self.door.answer(one)) for one in posted]
            await asyncio.sleep(0.1)
            for place in gone:
                tasks[place].cancel()
            return await asyncio.gather(*tasks, return_exceptions=True)

        with ThreadPoolExecutor(1) as pool:
            with self._intake.process.database.transaction() as uow:
                locked_programme(uow, CODE)
                waiting = pool.submit(asyncio.run, all_at_once())
                time.sleep(0.4)
            return waiting.result()


@pytest.fixture
def crowd(intake, monkeypatch) -> Crowd:
    return Crowd(intake, monkeypatch)


def statuses(answers: Sequence[Answer]) -> list[int | str]:
    return [one.status_code if isinstance(one, Response) else type(one).__name__ for one in answers]


def test_what_waits_is_filed_together_and_a_bad_one_is_refused_alone(intake, crowd, applications):
    posted = [crowd.posted(one, f"key-{place:06}") for place, one in enumerate(applications[:6])]
    posted[3] = crowd.posted(applications[6], "key-000003", consents=[])
    answers = crowd.answers(posted)
    assert statuses(answers) == [201, 201, 201, 422, 201, 201]
    assert max(crowd.sizes) > 1
    rows = sorted(intake.rows(Application), key=lambda row: row.serial)
    assert [row.serial for row in rows] == [1, 2, 3, 4, 5]
    assert len({row.payment_reference for row in rows}) == 5


def test_what_is_written_carries_its_own_requests_correlation_id_and_the_audit_chain_is_whole(
    intake, crowd, applications
):
    crowd.answers([crowd.posted(one, f"key-{place:06}") for place, one in enumerate(applications[:4])])
    said = [row.headers for row in intake.rows(OutboxRow) if "application_submitted" in row.headers["cloudEvents:type"]]
    assert {headers["cloudEvents:correlationid"] for headers in said} == {f"request-key-{n:06}" for n in range(4)}
    with intake.process.database.reader() as session:
        rows = session.exec(select(AuditRow).order_by(col(AuditRow.id))).all()
        assert first_break(rows, session.exec(select(AuditHead)).one()) is None


def test_one_key_twice_in_a_batch_files_one_and_both_get_its_answer(intake, crowd, applications):
    posted = crowd.posted(applications[0], "key-000001")
    first, other, again, changed = (
        posted,
        crowd.posted(applications[1], "key-000002"),
        posted.__class__(posted.request, posted.key_hash, posted.key, posted.body, posted.draft),
        crowd.posted(applications[0], "key-000001", recommendation="pending"),
    )
    answers = crowd.answers([first, other, again, changed])
    assert statuses(answers) == [201, 201, 201, "Conflict"]
    assert answers[0].body == answers[2].body
    assert len(intake.rows(Application)) == 2


def test_one_person_and_one_number_twice_in_a_batch_are_taken_once(intake, crowd, applications):
    number = applications[0].request({kind.kind: "" for kind in applications[0].scans})["platform_no"]
    posted = [
        crowd.posted(applications[0], "key-000001"),
        crowd.posted(applications[0], "key-000002", platform_no="P-2"),
        crowd.posted(applications[1], "key-000003", platform_no=number),
    ]
    assert statuses(crowd.answers(posted)) == [201, 409, 409]
    assert len(intake.rows(Application)) == 1


def test_what_breaks_a_batch_fails_alone(intake, crowd, applications):
    posted = [crowd.posted(one, f"key-{place:06}") for place, one in enumerate(applications[:5])]
    culprit = posted[2].body.platform_no
    crowd.fails = lambda filings: any(filing.body.platform_no == culprit for filing in filings)
    assert statuses(crowd.answers(posted)) == [201, 201, "RuntimeError", 201, 201]
    assert len(intake.rows(Application)) == 4


def test_a_batch_has_an_end(intake, crowd, applications, monkeypatch):
    monkeypatch.setattr(batching, "MOST", 3)
    answers = crowd.answers([crowd.posted(one, f"key-{place:06}") for place, one in enumerate(applications[:8])])
    assert statuses(answers) == [201] * 8
    assert max(crowd.sizes) == 3


def test_an_application_whose_client_is_gone_is_filed_and_the_others_are_answered(intake, crowd, applications):
    posted = [crowd.posted(one, f"key-{place:06}") for place, one in enumerate(applications[:4])]
    answers = crowd.answers(posted, gone=[1, 3])
    assert statuses(answers) == [201, "CancelledError", 201, "CancelledError"]
    assert len(intake.rows(Application)) == 4
    assert statuses(crowd.answers([posted[1]])) == [201]
    assert len(intake.rows(Application)) == 4


def test_a_commit_whose_outcome_is_unknown_may_be_repeated(intake, crowd, applications):
    posted = [crowd.posted(one, f"key-{place:06}") for place, one in enumerate(applications[:3])]

    def lost() -> None:
        raise OperationalError("COMMIT", {}, Exception("the connection was lost"))

    told, intake.process.database.committed = intake.process.database.committed, lost
    assert statuses(crowd.answers(posted)) == ["OperationalError"] * 3
    intake.process.database.committed = told
    assert statuses(crowd.answers(posted)) == [201, 201, 201]
    assert len(intake.rows(Application)) == 3


def test_a_key_that_was_revoked_after_it_was_seen_lets_nobody_in(intake, applications):
    assert intake.file(applications[0]).status_code == 201
    body = applications[1].request(intake.upload(applications[1]))
    with intake.process.database.transaction() as uow:
        actions.revoke_client_key(uow, "平台", actor="test", now=intake.process.clock.now())
    assert intake.post(body, key="key-000002").status_code == 401
    assert len(intake.rows(Application)) == 1
