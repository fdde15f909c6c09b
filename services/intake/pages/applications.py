"""Pages of one application, and of the student's confirmation by link."""

from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from services.intake import actions, queries
from services.intake.errors import UnknownApplication
from services.intake.models import Application
from services.intake.pages.labels import (
    ACTION_TITLES,
    JOBS,
    OUTCOME_LABELS,
    RECOMMENDATION_LABELS,
    STATE_LABELS,
    TIER_LABELS,
    Clerk,
)
from shared.dashboard import done, page
from shared.dashboard.history import history
from shared.http.auth import Credential
from shared.http.limits import OPEN_FORM
from shared.http.web import Now, ReadingSession, Uow, process_of
from shared.jobs.job import troubles

router = APIRouter()


@router.get("/applications/{application_id}")
def show_application(request: Request, application_id: UUID, actor: Clerk, session: ReadingSession) -> Response:
    """Show one application, with sensitive values masked."""
    row = session.get(Application, application_id)
    if row is None:
        raise UnknownApplication
    return page(
        request,
        "intake_application.html",
        title=f"{row.student_name} · {row.application_no}".removeprefix(" · "),
        back="/intake/tables/applications/list",
        row=row,
        unit=queries.unit_name(session, row),
        labels={
            "state": STATE_LABELS[row.state],
            "outcome": OUTCOME_LABELS.get(row.outcome or ""),
            "recommendation": RECOMMENDATION_LABELS.get(row.recommendation),
            "tier": TIER_LABELS.get(row.tier),
        },
        consents=queries.consents_of(session, row.id),
        rows=history(session, str(row.id)),
        titles=ACTION_TITLES,
        troubles=troubles(session, [row.id]),
        job_titles=JOBS,
    )


@router.post("/applications/{application_id}/consent-request")
def send_consent_request(request: Request, application_id: UUID, actor: Clerk, uow: Uow, now: Now) -> Response:
    """Send the student a new consent link. No form fields."""
    actions.request_consent(uow, application_id, actor=actor.account, now=now)
    return done(request, f"/intake/applications/{application_id}", "确认通知已安排发送。")


def _check_link(request: Request) -> None:
    with process_of(request).database.reader() as session:
        actions.application_behind(session, request.path_params["token"])


@Credential
async def consent_link(request: Request) -> None:
    """Check the link's token, which grants access; no login is needed. Raises NotFound."""
    await run_in_threadpool(_check_link, request)


@router.get("/consent/{token}")
def show_consent(request: Request, token: str, session: ReadingSession) -> Response:
    """Show the consent page."""
    return _consent_page(request, token, actions.application_behind(session, token), session)


@router.post("/consent/{token}", dependencies=[Depends(consent_link)], max_body_size=OPEN_FORM)
def confirm_consent(request: Request, token: str, uow: Uow, now: Now) -> Response:
    """Record the student's consent. No form fields."""
    row = actions.confirm_consent(uow, token, actor="student", now=now)
    return _consent_page(request, token, row, uow.session)


def _consent_page(request: Request, token: str, row: Application, session: Session) -> Response:
    programme = queries.programme_of_code(session, row.programme)
    return page(request, "intake_consent.html", title="确认报名", row=row, programme=programme, token=token)
