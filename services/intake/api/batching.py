"""Batch submissions from the public platform: requests that arrive while a batch is filed form the next batch.

Each request is answered after the commit. Its response is stored, and a repeat of its Idempotency-Key gets it again.
Called by services/intake/api.
"""

import asyncio
import json
from collections import defaultdict, deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import cast

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy.exc import IntegrityError, OperationalError

from services.intake import actions, queries
from services.intake.models import Application, IdempotencyKey, PlatformClient
from services.intake.rules.applications import canonical
from services.intake.schemas import ApplicationIn, ApplicationOut, DraftIn
from services.intake.states import OUTCOME_TITLES, STATE_TITLES, ApplicationState, Outcome
from shared.adapters.keyring import KeyRing
from shared.foundation.errors import Conflict, Refusal
from shared.http.web import refuse
from shared.persistence.unit_of_work import UnitOfWork
from shared.wiring.process import Process

MAX_BATCH_SIZE = 256


@dataclass(frozen=True)
class Submission:
    """A queued request: hash of the API key, Idempotency-Key, body, which is a DraftIn to save a draft. `context`: its
    correlation id and trace."""

    request: Request
    key_hash: str
    key: str
    body: ApplicationIn | DraftIn
    context: Context = field(default_factory=copy_context)


Answer = Response | Exception
AnswerFuture = asyncio.Future[Response]


class SubmissionBatcher:
    """File submissions in batches of at most MAX_BATCH_SIZE, one batch after the other, in a separate thread.

    There is no timer: a single request is filed at once. `known_key_hashes`: hashes of API keys that were valid once.
    """

    def __init__(self, process: Process) -> None:
        self.known_key_hashes: set[str] = set()
        self._process = process
        self._queue: deque[tuple[Submission, AnswerFuture]] = deque()
        self._is_running, self._lock = False, Lock()
        self._executor = ThreadPoolExecutor(1, "submission-batcher")

    async def answer(self, submission: Submission) -> Response:
        """File a submission and return its response after the commit. Raises the error that prevented the filing."""
        future: AnswerFuture = asyncio.get_running_loop().create_future()
        with self._lock:
            self._queue.append((submission, future))
            was_running, self._is_running = self._is_running, True
        if not was_running:
            self._executor.submit(self._run)
        return await future

    def _run(self) -> None:
        """File batches until the queue is empty."""
        while batch := self._next_batch():
            by_loop = defaultdict[asyncio.AbstractEventLoop, list[tuple[AnswerFuture, Answer]]](list)
            for (_submission, future), answer in zip(
                batch, self._answers([one for one, _future in batch]), strict=True
            ):
                by_loop[future.get_loop()].append((future, answer))
            for loop, answers in by_loop.items():
                # A stopping server has closed its event loop; its clients will repeat their requests.
                with suppress(RuntimeError):
                    loop.call_soon_threadsafe(_resolve, answers)

    def _next_batch(self) -> list[tuple[Submission, AnswerFuture]]:
        with self._lock:
            batch = [self._queue.popleft() for _ in range(min(MAX_BATCH_SIZE, len(self._queue)))]
            self._is_running = bool(batch)
        return batch

    def _answers(self, batch: Sequence[Submission]) -> list[Answer]:
        """Return each submission's response or error. A failed batch is retried one by one, to isolate the failure.

        After an OperationalError nothing is retried: the outcome is unknown, because the connection may have dropped
        after COMMIT. The clients repeat their requests.
        """
        if not batch:
            return []
        try:
            # The statements of a batch are in the trace of its first submission.
            return batch[0].context.copy().run(self._file, batch)
        except OperationalError as error:
            return [error] * len(batch)
        except Exception as error:
            if len(batch) > 1:
                return [answer for submission in batch for answer in self._answers([submission])]
            return [self._retry(batch[0]) if isinstance(error, IntegrityError) else error]

    def _retry(self, submission: Submission) -> Answer:
        """File once more: another process filed the same concurrently, and its rows are now visible."""
        try:
            return self._file([submission])[0]
        except Exception as error:
            return error

    def _file(self, batch: Sequence[Submission]) -> list[Answer]:
        """File a batch in one transaction. Repeated keys are filed afterwards and get the stored response."""
        first_by_key = {(submission.key_hash, submission.key): submission for submission in reversed(batch)}
        unique = [submission for submission in batch if first_by_key[submission.key_hash, submission.key] is submission]
        with self._process.database.transaction() as uow:
            answered = dict(zip(map(id, unique), self._file_unique(uow, unique), strict=True))
        repeats = [submission for submission in batch if id(submission) not in answered]
        answered |= zip(map(id, repeats), self._answers(repeats), strict=True)
        return [answered[id(submission)] for submission in batch]

    def _file_unique(self, uow: UnitOfWork, batch: Sequence[Submission]) -> list[Answer]:
        clients, stored = queries.clients_and_responses(
            uow.session, {(submission.key_hash, submission.key) for submission in batch}
        )
        answers: dict[int, Answer] = {}
        accepted: list[tuple[Submission, PlatformClient]] = []
        for submission in batch:
            client = clients.get(submission.key_hash)
            if client is None:
                answers[id(submission)] = queries.unknown_key()
            elif found := stored.get((submission.key_hash, submission.key)):
                answers[id(submission)] = _stored_answer(found, self._digest(submission))
            else:
                accepted.append((submission, client))
        now = self._process.clock.now()
        outcomes = self._outcomes(uow, accepted, now)
        responses = []
        for submission, client in accepted:
            response = submission.context.run(_response, submission.request, outcomes[id(submission)])
            answers[id(submission)] = response
            responses.append(
                {
                    "client_id": client.id,
                    "key": submission.key,
                    "body_digest": self._digest(submission),
                    "status": response.status_code,
                    "answer": json.loads(bytes(response.body)),
                    "answered_at": now,
                }
            )
        uow.bulk_insert(IdempotencyKey, responses)
        return [answers[id(submission)] for submission in batch]

    def _digest(self, submission: Submission) -> str:
        """Return the keyed hash of the body: a plain one of a draft with little else would give away an ID number."""
        return self._process.tools.keys.index("identity", canonical(submission.body))

    def _outcomes(
        self, uow: UnitOfWork, accepted: Sequence[tuple[Submission, PlatformClient]], now: datetime
    ) -> dict[int, Application | Refusal]:
        """File the applications at once and save the drafts one by one; return each row or refusal."""
        keys = self._process.tools.keys
        ids, filings, outcomes = [], [], {}
        for submission, client in accepted:
            if isinstance(submission.body, DraftIn):
                outcomes[id(submission)] = submission.context.run(_saved, uow, submission.body, client, now, keys)
            else:
                ids.append(id(submission))
                filings.append(actions.Filing(submission.body, client, actor_of(client), submission.context))
        return outcomes | dict(zip(ids, actions.file_applications(uow, filings, now=now, keys=keys), strict=True))


def _saved(
    uow: UnitOfWork, body: DraftIn, client: PlatformClient, now: datetime, keys: KeyRing
) -> Application | Refusal:
    try:
        row = actions.save_draft(uow, body.root, client=client, actor=actor_of(client), now=now, keys=keys)
        uow.session.flush()
        return row
    except Refusal as refusal:
        return refusal


def _resolve(answers: Sequence[tuple[AnswerFuture, Answer]]) -> None:
    for future, answer in answers:
        # The client disconnected; its submission was filed, because acceptance must not depend on the connection.
        if future.cancelled():
            continue
        if isinstance(answer, Response):
            future.set_result(answer)
        else:
            future.set_exception(answer)


def batcher_of(request: Request) -> SubmissionBatcher:
    """Return the submission batcher of the process that serves this request."""
    return cast(SubmissionBatcher, request.app.state.submission_batcher)


def _stored_answer(stored: IdempotencyKey, digest: str) -> Answer:
    # A key of an earlier version has no digest.
    if stored.body_digest not in ("", digest):
        return Conflict("该 Idempotency-Key 已用于内容不同的请求,请为新的请求换一个键。", code="idempotency-key-reused")
    kind = "application/json" if stored.status < 300 else "application/problem+json"
    return JSONResponse(stored.answer, status_code=stored.status, media_type=kind)


def _response(request: Request, outcome: Application | Refusal) -> Response:
    if isinstance(outcome, Refusal):
        return refuse(request, outcome)
    return JSONResponse(application_out(outcome).model_dump(mode="json"), status_code=201)


def actor_of(client: PlatformClient) -> str:
    """Return the client's name for the audit log."""
    return f"platform:{client.name}"


def application_out(row: Application) -> ApplicationOut:
    """Build the response for one application.

    `status` is the outcome in the other services if there is one and the application is open, otherwise intake's state.
    """
    is_open = row.state in (ApplicationState.SUBMITTED, ApplicationState.RETURNED)
    state = row.outcome if row.outcome and is_open else row.state
    titles = OUTCOME_TITLES if state == row.outcome else STATE_TITLES
    return ApplicationOut(
        id=row.id,
        application_no=row.application_no,
        platform_no=row.platform_no,
        payment_reference=row.payment_reference,
        status=state,
        state_title=dict(titles)[Outcome(state) if state == row.outcome else ApplicationState(state)],
        revision=row.revision,
        submitted_at=row.submitted_at,
        defects=row.defects,
        correct_by=row.correct_by,
    )
