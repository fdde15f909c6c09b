"""JSON routes for the public platform (notice, clause 5.2): upload scans, post applications, read their state.

Every POST of an application carries an `Idempotency-Key`; the first answer is kept and given again to a repeat.
"""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from services.intake import actions, queries
from services.intake.models import Application, IdempotencyKey, PlatformClient
from services.intake.rules.applications import fingerprint
from services.intake.schemas import ApplicationIn, ApplicationOut, FileOut, WithdrawalIn
from services.intake.states import OUTCOME_TITLES, STATUS_TITLES, ApplicationStatus, Outcome
from shared.errors import Conflict, NotSignedIn, Refusal
from shared.web import Now, ReadingSession, WithTools, WritingSession, process_of, refuse

router = APIRouter(prefix="/intake/api", tags=["platform"])


def platform_client(request: Request) -> PlatformClient:
    """The machine that calls, by `Authorization: Bearer <key>`."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key:
        raise NotSignedIn("请在 Authorization 头中以 Bearer 方式提供接口密钥。", code="api-key")
    with process_of(request).database.reader() as session:
        return queries.client_of_key(session, key)


async def raw_body(request: Request) -> bytes:
    """The bytes of the body; shared/edge.py bounds them."""
    return await request.body()


Client = Annotated[PlatformClient, Depends(platform_client)]
Key = Annotated[str, Header(alias="Idempotency-Key", min_length=8, max_length=80)]


@router.post("/files", status_code=201)
def upload_scan(
    request: Request,
    client: Client,
    content: Annotated[bytes, Depends(raw_body)],
    programme: Annotated[str, Query(max_length=40)],
    session: WritingSession,
    now: Now,
    tools: WithTools,
) -> FileOut:
    """Stores one scan, sent as the body with its media type; refer to it by `id` in an application."""
    declared = request.headers.get("content-type", "application/octet-stream").partition(";")[0].strip().lower()
    row = actions.store_scan(
        session,
        content,
        declared=declared,
        programme=programme,
        client=client,
        actor=actor_of(client),
        now=now,
        files=tools.files,
    )
    return FileOut(id=row.id, sha256=row.sha256, media_type=row.media_type, size=row.size)


@router.post("/applications", status_code=201, response_model=ApplicationOut)
def submit(
    request: Request, body: ApplicationIn, client: Client, key: Key, now: Now, tools: WithTools, draft: bool = False
) -> Response:
    """Files an application, or with `draft=true` only keeps it. A repeat of the key gets the first answer again."""
    action = actions.save_draft if draft else actions.submit_application

    def file(session: Session) -> Application:
        return action(session, body, client=client, actor=actor_of(client), now=now, keys=tools.keys)

    return _answer_once(request, client, key, fingerprint(body, draft=draft), file, now=now)


@router.get("/applications")
def list_applications(
    client: Client,
    session: ReadingSession,
    after: Annotated[str, Query(max_length=60)] = "",
    most: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[ApplicationOut]:
    """The client's applications by number, a page at a time; `after` is the last `application_no` of the page before."""
    return [application_out(row) for row in queries.applications_of(session, client, after=after, most=most)]


@router.get("/applications/{application_id}")
def read_application(application_id: UUID, client: Client, session: ReadingSession) -> ApplicationOut:
    """The state of one application, with what is to be corrected."""
    return application_out(queries.application_of(session, application_id, client))


@router.post("/applications/{application_id}/submission")
def submit_draft(application_id: UUID, client: Client, session: WritingSession, now: Now) -> ApplicationOut:
    """Files a draft."""
    return application_out(
        actions.submit_draft(session, application_id, client=client, actor=actor_of(client), now=now)
    )


@router.put("/applications/{application_id}")
def resubmit(
    application_id: UUID, body: ApplicationIn, client: Client, session: WritingSession, now: Now, tools: WithTools
) -> ApplicationOut:
    """Posts the corrected version of a returned application, whole."""
    row = actions.resubmit_application(
        session, application_id, body, client=client, actor=actor_of(client), now=now, keys=tools.keys
    )
    return application_out(row)


@router.post("/applications/{application_id}/withdrawal")
def withdraw(
    application_id: UUID, body: WithdrawalIn, client: Client, session: WritingSession, now: Now
) -> ApplicationOut:
    """Takes an application back."""
    row = actions.withdraw_application(
        session, application_id, body.reason, client=client, actor=actor_of(client), now=now
    )
    return application_out(row)


def actor_of(client: PlatformClient) -> str:
    """The machine's name in the audit log."""
    return f"platform:{client.name}"


def application_out(row: Application) -> ApplicationOut:
    """What the platform may know: the outcome elsewhere, once there is one, goes before intake's own state, unless that
    ended the application."""
    is_open = row.status in (ApplicationStatus.SUBMITTED, ApplicationStatus.RETURNED)
    shown = row.outcome if row.outcome and is_open else row.status
    titles = OUTCOME_TITLES if shown == row.outcome else STATUS_TITLES
    return ApplicationOut(
        id=row.id,
        application_no=row.application_no,
        platform_no=row.platform_no,
        payment_reference=row.payment_reference,
        status=shown,
        status_title=dict(titles)[Outcome(shown) if shown == row.outcome else ApplicationStatus(shown)],
        revision=row.revision,
        submitted_at=row.submitted_at,
        defects=row.defects,
        correct_by=row.correct_by,
    )


def _answer_once(
    request: Request,
    client: PlatformClient,
    key: str,
    digest: str,
    act: Callable[[Session], Application],
    *,
    now: datetime,
) -> Response:
    """Acts and remembers the answer in one transaction; a refusal, which undoes that, is remembered in its own.

    Two requests with one key at once: the later insert fails, and its second try finds the first answer; or the later
    one is refused for what the first did, and gets the first answer instead.
    """
    database = process_of(request).database
    for last_try in (False, True):
        try:
            with database.transaction() as session:
                if kept := _first_answer(session, client, key, digest):
                    return kept
                answer = application_out(act(session)).model_dump(mode="json")
                _remember(session, client, key, digest, 201, answer, now=now)
            return JSONResponse(answer, status_code=201)
        except Refusal as refusal:
            return _refuse_once(request, client, key, digest, refusal, now=now)
        except IntegrityError:
            if last_try:
                raise
    raise AssertionError("unreachable")


def _refuse_once(
    request: Request, client: PlatformClient, key: str, digest: str, refusal: Refusal, *, now: datetime
) -> Response:
    response = refuse(request, refusal)
    problem = json.loads(bytes(response.body))
    database = process_of(request).database
    try:
        with database.transaction() as session:
            if session.get(IdempotencyKey, (client.id, key)) is None:
                _remember(session, client, key, digest, response.status_code, problem, now=now)
                return response
    except IntegrityError:
        pass  # An equal request was remembered in between: its answer is below.
    with database.reader() as session:
        kept = session.get_one(IdempotencyKey, (client.id, key))
        return _kept_answer(kept) if kept.body_digest == digest else response


def _first_answer(session: Session, client: PlatformClient, key: str, digest: str) -> Response | None:
    kept = session.get(IdempotencyKey, (client.id, key))
    if kept is None:
        return None
    if kept.body_digest != digest:
        raise Conflict("该 Idempotency-Key 已用于内容不同的请求,请为新的请求换一个键。", code="idempotency-key-reused")
    return _kept_answer(kept)


def _kept_answer(kept: IdempotencyKey) -> Response:
    kind = "application/json" if kept.status < 300 else "application/problem+json"
    return JSONResponse(kept.answer, status_code=kept.status, media_type=kind)


def _remember(
    session: Session,
    client: PlatformClient,
    key: str,
    digest: str,
    status: int,
    answer: dict[str, Any],
    *,
    now: datetime,
) -> None:
    session.add(
        IdempotencyKey(client_id=client.id, key=key, body_digest=digest, status=status, answer=answer, answered_at=now)
    )
    session.flush()
