"""The platform's door for applications: whatever waits while a batch is filed becomes the next one. Each request is answered
after the commit, and its answer is kept: a repeat of its Idempotency-Key gets it again.
"""

import asyncio
import json
from collections import defaultdict, deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from threading import Lock
from typing import cast

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy.exc import IntegrityError, OperationalError

from services.intake import actions, queries
from services.intake.models import Application, IdempotencyKey, PlatformClient
from services.intake.rules.applications import fingerprint
from services.intake.schemas import ApplicationIn, ApplicationOut
from services.intake.states import OUTCOME_TITLES, STATE_TITLES, ApplicationState, Outcome
from shared.foundation.errors import Conflict, Refusal
from shared.http.web import refuse
from shared.persistence.unit_of_work import UnitOfWork
from shared.wiring.process import Process

MOST = 256


@dataclass(frozen=True)
class Submission:
    """A request that waits: who asks, by the hash of the API key; under which Idempotency-Key; for what."""

    request: Request
    key_hash: str
    key: str
    body: ApplicationIn
    draft: bool
    context: Context = field(default_factory=copy_context)


Answer = Response | Exception
AnswerFuture = asyncio.Future[Response]


class SubmissionBatcher:
    """Files what is posted, MOST at a time and one batch after the other, in a thread of its own. There is no timer: a
    request that comes alone is filed at once. `seen` are hashes of API keys that were valid at some time."""

    def __init__(self, process: Process) -> None:
        self.seen: set[str] = set()
        self._process = process
        self._waiting: deque[tuple[Submission, AnswerFuture]] = deque()
        self._at_work, self._turn = False, Lock()
        self._hand = ThreadPoolExecutor(1, "door")

    async def answer(self, posted: Submission) -> Response:
        """The answer to a request, once it is committed. Raises what made it impossible."""
        told: AnswerFuture = asyncio.get_running_loop().create_future()
        with self._turn:
            self._waiting.append((posted, told))
            was_at_work, self._at_work = self._at_work, True
        if not was_at_work:
            self._hand.submit(self._work)
        return await told

    def _work(self) -> None:
        """Files what waits until nothing does."""
        while batch := self._next():
            by_loop = defaultdict[asyncio.AbstractEventLoop, list[tuple[AnswerFuture, Answer]]](list)
            for (_posted, told), answer in zip(batch, self._answers([one for one, _told in batch]), strict=True):
                by_loop[told.get_loop()].append((told, answer))
            for loop, answers in by_loop.items():
                # A server that is being stopped hears nothing more; its clients will ask again.
                with suppress(RuntimeError):
                    loop.call_soon_threadsafe(_tell, answers)

    def _next(self) -> list[tuple[Submission, AnswerFuture]]:
        with self._turn:
            batch = [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]
            self._at_work = bool(batch)
        return batch

    def _answers(self, batch: Sequence[Submission]) -> list[Answer]:
        """Each one's answer, or why there is none. What fails for many is tried one by one, so that it fails alone."""
        if not batch:
            return []
        try:
            return self._file(batch)
        except OperationalError as away:
            return [away] * len(batch)
        except Exception as fault:
            if len(batch) > 1:
                return [answer for posted in batch for answer in self._answers([posted])]
            return [self._again(batch[0]) if isinstance(fault, IntegrityError) else fault]

    def _again(self, posted: Submission) -> Answer:
        """Another process filed the same in between: now its rows are there, and tell the answer."""
        try:
            return self._file([posted])[0]
        except Exception as fault:
            return fault

    def _file(self, batch: Sequence[Submission]) -> list[Answer]:
        """Files a batch in one transaction. An equal key within it waits for the next, where the first answer is kept."""
        firsts = {(posted.key_hash, posted.key): posted for posted in reversed(batch)}
        turn = [posted for posted in batch if firsts[posted.key_hash, posted.key] is posted]
        with self._process.database.transaction() as uow:
            answered = dict(zip(map(id, turn), self._file_firsts(uow, turn), strict=True))
        later = [posted for posted in batch if id(posted) not in answered]
        answered |= zip(map(id, later), self._answers(later), strict=True)
        return [answered[id(posted)] for posted in batch]

    def _file_firsts(self, uow: UnitOfWork, batch: Sequence[Submission]) -> list[Answer]:
        clients, kept = queries.clients_and_kept(uow.session, {(posted.key_hash, posted.key) for posted in batch})
        answers: dict[int, Answer] = {}
        filings: list[tuple[Submission, actions.Filing]] = []
        for posted in batch:
            client = clients.get(posted.key_hash)
            if client is None:
                answers[id(posted)] = queries.unknown_key()
            elif found := kept.get((posted.key_hash, posted.key)):
                answers[id(posted)] = _kept_answer(found, posted)
            else:
                filing = actions.Filing(posted.body, client, actor_of(client), posted.draft, posted.context)
                filings.append((posted, filing))
        now, keys = self._process.clock.now(), self._process.tools.keys
        filed = actions.file_applications(uow, [filing for _posted, filing in filings], now=now, keys=keys)
        kept_now = []
        for (posted, filing), outcome in zip(filings, filed, strict=True):
            response = posted.context.run(_response, posted.request, outcome)
            answers[id(posted)] = response
            kept_now.append(
                {
                    "client_id": filing.client.id,
                    "key": posted.key,
                    "body_digest": fingerprint(posted.body, draft=posted.draft),
                    "status": response.status_code,
                    "answer": json.loads(bytes(response.body)),
                    "answered_at": now,
                }
            )
        uow.bulk_insert(IdempotencyKey, kept_now)
        return [answers[id(posted)] for posted in batch]


def _tell(answers: Sequence[tuple[AnswerFuture, Answer]]) -> None:
    for told, answer in answers:
        # One whose client is gone was filed all the same: whether it was accepted must not depend on who still listens.
        if told.cancelled():
            continue
        if isinstance(answer, Response):
            told.set_result(answer)
        else:
            told.set_exception(answer)


def batcher_of(request: Request) -> SubmissionBatcher:
    """The door of the process that serves this request."""
    return cast(SubmissionBatcher, request.app.state.door)


def _kept_answer(kept: IdempotencyKey, posted: Submission) -> Answer:
    if kept.body_digest != fingerprint(posted.body, draft=posted.draft):
        return Conflict("该 Idempotency-Key 已用于内容不同的请求,请为新的请求换一个键。", code="idempotency-key-reused")
    kind = "application/json" if kept.status < 300 else "application/problem+json"
    return JSONResponse(kept.answer, status_code=kept.status, media_type=kind)


def _response(request: Request, outcome: Application | Refusal) -> Response:
    if isinstance(outcome, Refusal):
        return refuse(request, outcome)
    return JSONResponse(application_out(outcome).model_dump(mode="json"), status_code=201)


def actor_of(client: PlatformClient) -> str:
    """The machine's name in the audit log."""
    return f"platform:{client.name}"


def application_out(row: Application) -> ApplicationOut:
    """What the platform may know: the outcome elsewhere, once there is one, goes before intake's own state, unless that
    ended the application."""
    is_open = row.state in (ApplicationState.SUBMITTED, ApplicationState.RETURNED)
    shown = row.outcome if row.outcome and is_open else row.state
    titles = OUTCOME_TITLES if shown == row.outcome else STATE_TITLES
    return ApplicationOut(
        id=row.id,
        application_no=row.application_no,
        platform_no=row.platform_no,
        payment_reference=row.payment_reference,
        status=shown,
        state_title=dict(titles)[Outcome(shown) if shown == row.outcome else ApplicationState(shown)],
        revision=row.revision,
        submitted_at=row.submitted_at,
        defects=row.defects,
        correct_by=row.correct_by,
    )
