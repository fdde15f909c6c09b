"""JSON endpoints for the public platform (notice, clause 5.2): upload scans, file applications, read their state.

Every POST of an application carries an `Idempotency-Key`; the first response is stored and returned to a repeat.
"""

from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Header, Query, Request, Response
from fastapi.openapi.models import HTTPBearer
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from services.intake import actions, queries
from services.intake.api.batching import Submission, actor_of, application_out, batcher_of
from services.intake.models import PlatformClient
from services.intake.rules.scans import MEDIA_TYPES, check_scan
from services.intake.rules.secrets import hash_of
from services.intake.schemas import (
    ApplicationIn,
    ApplicationOrDraftIn,
    ApplicationOut,
    DraftIn,
    DraftPatch,
    FileOut,
    WithdrawalIn,
)
from services.intake.states import ApplicationState
from shared.foundation.errors import NoApiKey
from shared.foundation.validation import invalid_body
from shared.http.auth import Credential
from shared.http.limits import SCAN
from shared.http.web import Now, ReadingSession, Uow, WithTools, process_of

router = APIRouter(prefix="/intake/api", tags=["platform"])
T = TypeVar("T")


class ApiKey(Credential[T]):
    """The API key of a platform, as `Authorization: Bearer <key>`."""

    scheme_name = "apiKey"
    model = HTTPBearer(
        description="The API key of a platform. Staff of intake issue and revoke it, at `/intake/access`."
    )


@ApiKey
async def platform_client(request: Request) -> PlatformClient:
    """Authenticate the calling client by `Authorization: Bearer <key>`. Raises NoApiKey."""
    return await run_in_threadpool(_client_of_key, request)


def _client_of_key(request: Request) -> PlatformClient:
    with process_of(request).database.reader() as session:
        client = queries.client_of_key(session, hash_of(_bearer(request)))
    request.state.sender = client.key_hash
    return client


def _bearer(request: Request) -> str:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key:
        raise NoApiKey("请在 Authorization 头中以 Bearer 方式提供接口密钥。", code="api-key")
    return key


@ApiKey
async def known_key(request: Request) -> str:
    """Return the hash of the client's API key. Raises NoApiKey for an unknown key.

    A key that was valid once is cached; the batcher checks revocation once per batch.
    """
    key_hash, batcher = hash_of(_bearer(request)), batcher_of(request)
    if key_hash not in batcher.known_key_hashes:
        await run_in_threadpool(_client_of_key, request)
        batcher.known_key_hashes.add(key_hash)
    request.state.sender = key_hash
    return key_hash


async def raw_body(request: Request) -> bytes:
    """Return the request body. shared/http/gate.py limits its size."""
    return await request.body()


Client = Annotated[PlatformClient, Depends(platform_client)]


_FILE = {"schema": {"type": "string", "format": "binary"}}
_SCAN_BODY = {"required": True, "content": dict.fromkeys((*MEDIA_TYPES, "application/octet-stream"), _FILE)}


@router.post("/files", status_code=201, max_body_size=SCAN, openapi_extra={"requestBody": _SCAN_BODY})
def upload_scan(
    request: Request,
    client: Client,
    content: Annotated[bytes, Depends(raw_body)],
    programme: Annotated[str, Query(max_length=40)],
    uow: Uow,
    now: Now,
    tools: WithTools,
) -> FileOut:
    """Store one scan, sent as the request body with its media type, or as application/octet-stream. Refer to it by `id` in an
    application."""
    declared = request.headers.get("content-type", "application/octet-stream").partition(";")[0].strip().lower()
    row = actions.store_scan(
        uow,
        content,
        check_scan(content, declared, tools.sandbox),
        programme=programme,
        client=client,
        actor=actor_of(client),
        now=now,
        files=tools.files,
    )
    return FileOut(
        id=row.id,
        sha256=row.sha256,
        media_type=row.media_type,
        size=row.size,
        pages=len(row.pages),
        blank_pages=row.blank_pages,
    )


@router.post("/applications", status_code=201, response_model=ApplicationOut)
async def submit_application(
    request: Request,
    body: ApplicationOrDraftIn,
    key_hash: Annotated[str, Depends(known_key)],
    key: Annotated[str, Header(alias="Idempotency-Key", min_length=8, max_length=80)],
    draft: bool = False,
) -> Response:
    """File an application, or save a draft with `draft=true`. A repeat of the key gets the first response.

    A draft needs only `programme` and `platform_no`; everything else is validated when it is filed.
    """
    expected = _draft(body) if draft else _application(body)
    return await batcher_of(request).answer(Submission(request, key_hash, key, expected))


def _application(body: ApplicationIn | DraftIn) -> ApplicationIn:
    if isinstance(body, ApplicationIn):
        return body
    try:
        return ApplicationIn.model_validate(body.root)
    except ValidationError as error:
        raise invalid_body(error.errors()) from error


def _draft(body: ApplicationIn | DraftIn) -> DraftIn:
    return body if isinstance(body, DraftIn) else DraftIn(body.model_dump(mode="json"))


@router.get("/applications")
def list_applications(
    client: Client,
    session: ReadingSession,
    after: Annotated[str, Query(max_length=60)] = "",
    most: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[ApplicationOut]:
    """List the client's applications by number, up to `most`. `after`: last `application_no` of the previous page."""
    return [application_out(row) for row in queries.applications_of(session, client, after=after, most=most)]


@router.get("/applications/{application_id}")
def read_application(application_id: UUID, client: Client, session: ReadingSession) -> ApplicationOut:
    """Return the state of one application, with the defects to correct."""
    return application_out(queries.application_of(session, application_id, client))


@router.post("/applications/{application_id}/submission")
def file_draft(application_id: UUID, client: Client, uow: Uow, now: Now, tools: WithTools) -> ApplicationOut:
    """Validate a draft and file it as an application."""
    row = actions.file_draft(uow, application_id, client=client, actor=actor_of(client), now=now, keys=tools.keys)
    return application_out(row)


@router.put("/applications/{application_id}")
def replace_application(
    application_id: UUID, body: ApplicationOrDraftIn, client: Client, uow: Uow, now: Now, tools: WithTools
) -> ApplicationOut:
    """Replace a draft, or a returned application by its corrected version."""
    actor, keys = actor_of(client), tools.keys
    if queries.application_of(uow.session, application_id, client).state == ApplicationState.DRAFT:
        content = _draft(body).root
        row = actions.replace_draft(uow, application_id, content, client=client, actor=actor, now=now, keys=keys)
    else:
        corrected = _application(body)
        row = actions.resubmit_application(
            uow, application_id, corrected, client=client, actor=actor, now=now, keys=keys
        )
    return application_out(row)


@router.patch("/applications/{application_id}")
def patch_draft(
    application_id: UUID,
    body: Annotated[DraftPatch, Body(media_type="application/merge-patch+json")],
    client: Client,
    uow: Uow,
    now: Now,
    tools: WithTools,
) -> ApplicationOut:
    """Change parts of a draft by a JSON merge patch (RFC 7396). `application/json` is taken as well."""
    row = actions.patch_draft(
        uow, application_id, body.root, client=client, actor=actor_of(client), now=now, keys=tools.keys
    )
    return application_out(row)


@router.post("/applications/{application_id}/withdrawal")
def withdraw_application(
    application_id: UUID, body: WithdrawalIn, client: Client, uow: Uow, now: Now
) -> ApplicationOut:
    """Withdraw an application. A repeat changes nothing."""
    row = actions.withdraw_application(uow, application_id, body.reason, client=client, actor=actor_of(client), now=now)
    return application_out(row)
