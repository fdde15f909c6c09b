"""The home page: links to the services, applicant search, latest events."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from services.portal import queries
from services.portal.models import Account
from services.portal.states import FOLLOWERS, ROLES
from shared.dashboard import page, t
from shared.http.auth import CurrentUser, staff
from shared.http.web import ReadingSession

router = APIRouter()
Anybody = Annotated[CurrentUser, Depends(staff())]


@dataclass(frozen=True)
class AppLink:
    """A link to a service's dashboard for some roles, with a line that describes it."""

    title: str
    line: str
    href: str
    icon: str
    roles: tuple[str, ...]


APP_LINKS = (
    AppLink("报名受理", "收到的报名、各区县推荐情况、材料是否齐全", "/intake/", "fa-solid fa-inbox", ("intake",)),
    AppLink(
        "材料审核与遴选",
        "核验材料、面试评分、排名、录取与候补",
        "/review/",
        "fa-solid fa-clipboard-check",
        ("reviewer", "committee", "judge"),
    ),
    AppLink(
        "面试与教学安排",
        "面试日程、教学计划、考勤、结业名单",
        "/scheduling/",
        "fa-solid fa-calendar-days",
        ("scheduler", "registrar", "judge"),
    ),
    AppLink(
        "财务",
        "到账核对、应缴未缴、退费、开票、补贴",
        "/billing/",
        "fa-solid fa-coins",
        ("finance", "finance_checker"),
    ),
)


@router.get("/")
def home(request: Request, actor: Anybody, session: ReadingSession) -> Response:
    """Show the links, the search and the events that the user's roles allow."""
    administers = actor.may("administrator")
    follows = actor.may(*FOLLOWERS)
    return page(
        request,
        "home.html",
        title="首页",
        app_links=[link for link in APP_LINKS if actor.may(*link.roles, "auditor")],
        roles=t("、").join(t(title) for role, title in ROLES.items() if role in actor.roles),
        follows=follows,
        latest=queries.latest_occurrences(session, most=12) if follows else (),
        accounts=queries.count_of(session, Account) if administers else None,
        dead_letters=queries.count_waiting_dead_letters(session) if administers else None,
    )
