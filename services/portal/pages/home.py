"""The home page: links to the services, applicant search, latest events."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from services.portal import queries
from services.portal.models import Account
from services.portal.rules.access import FOLLOWERS
from shared.dashboard import page, t
from shared.http.auth import CurrentUser, staff
from shared.http.web import ReadingSession
from shared.wiring.registry import ROLES, SERVICES

router = APIRouter()
Anybody = Annotated[CurrentUser, Depends(staff())]


@router.get("/")
def home(request: Request, actor: Anybody, session: ReadingSession) -> Response:
    """Show the links, the search and the events that the user's roles allow."""
    administers = actor.may("administrator")
    follows = actor.may(*FOLLOWERS)
    return page(
        request,
        "home.html",
        title="首页",
        app_links=[spec for spec in SERVICES.values() if not spec.is_default and actor.may(*spec.roles, "auditor")],
        roles=t("、").join(t(title) for role, title in ROLES.items() if role in actor.roles),
        follows=follows,
        latest=queries.latest_occurrences(session, most=12) if follows else (),
        accounts=queries.count_of(session, Account) if administers else None,
        dead_letters=queries.count_waiting_dead_letters(session) if administers else None,
    )
