"""The public page that shows whether a letter is genuine: anybody who holds it has its check code.

It shows what the holder has in hand already, with a masked name. Codes cannot be guessed, and the gate counts requests.
"""

import hashlib
from typing import Annotated

from fastapi import APIRouter, Depends, File, Request, Response, UploadFile
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool

from services.review import queries
from services.review.models import Case
from services.review.pages.labels import LETTERS
from services.review.rules.check_codes import grouped, is_code
from shared.adapters.keyring import mask_name
from shared.dashboard import page
from shared.foundation.errors import NotFound
from shared.http.auth import Credential
from shared.http.fields import QueryCode
from shared.http.limits import FORM
from shared.http.web import ReadingSession, process_of

router = APIRouter()


@router.get("/check")
def show_form(request: Request, code: QueryCode = "") -> Response:
    """Show the field for a check code. Query: `code`, which leads to the letter's own address."""
    if is_code(code):
        return RedirectResponse(request.url_for("show_checked_letter", code=grouped(code)).path, status_code=303)
    return page(request, "review_check.html", title="查验通知书", status=404 if code else 200, code=code, letter=None)


@router.get("/check/{code}")
def show_checked_letter(request: Request, code: str, session: ReadingSession) -> Response:
    """Show number, kind, masked name and state of the letter with this check code; 404 without one."""
    return _letter_page(request, code, session)


def _check_code(request: Request) -> None:
    with process_of(request).database.reader() as session:
        if queries.letter_behind(session, request.path_params["code"]) is None:
            raise NotFound("没有这个查验码，请与通知书上印的核对。", code="check-code")


@Credential
async def known_code(request: Request) -> None:
    """Check the code, so that nothing is uploaded without a letter. No login is needed. Raises NotFound."""
    await run_in_threadpool(_check_code, request)


@router.post("/check/{code}", dependencies=[Depends(known_code)], max_body_size=FORM)
def compare_file(request: Request, code: str, session: ReadingSession, file: Annotated[UploadFile, File()]) -> Response:
    """Show whether `file` is the issued PDF, byte for byte. The file is not kept."""
    return _letter_page(request, code, session, hashlib.sha256(file.file.read()).hexdigest())


def _letter_page(request: Request, code: str, session: ReadingSession, sha256: str = "") -> Response:
    letter = queries.letter_behind(session, code)
    if letter is None:
        return page(request, "review_check.html", title="查验通知书", status=404, code=code, letter=None)
    assert letter.file is not None
    case = session.get_one(Case, letter.case_id)
    return page(
        request,
        "review_check.html",
        title="查验通知书",
        code=grouped(code),
        letter=letter,
        kind=LETTERS[letter.kind],
        name=mask_name(queries.printed_names(letter, case)[0]),
        is_in_force=queries.is_in_force(session, letter),
        comparison={"": None, letter.file["sha256"]: True}.get(sha256, False),
    )
