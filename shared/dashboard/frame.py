"""The frame of a service's dashboard: layout, navigation, access, static files, and its lists. Made by each pages.py.

Built on starlette-admin for lists; every other page is the service's own route, rendered by replies.py in the same layout.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from jinja2 import pass_context
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette_admin.contrib.sqla import Admin
from starlette_admin.i18n import TimezoneConfig
from starlette_admin.theme import DefaultTheme, TablerSettings

from shared.dashboard.entrance import Entrance
from shared.dashboard.lists import ListView
from shared.dashboard.notices import COOKIE as NOTICE_COOKIE
from shared.dashboard.notices import take_notices
from shared.dashboard.templating import furnish
from shared.foundation.errors import Refusal
from shared.foundation.language import LANGUAGES, SHARED_CATALOGUES, load_catalogues, localize, t
from shared.http.auth import CurrentUser
from shared.http.web import prefix_of, refuse
from shared.wiring.process import Process

_TIMEZONE = TimezoneConfig(default_timezone="Asia/Shanghai", timezone_cookie_name=None, use_user_locale_timezone=False)
# The library's own refusals: a 400 comes from an address whose search, sorting or filter was changed by hand.
_ERRORS = {
    400: "筛选条件无法识别。请重新选择筛选条件。",
    403: "您没有使用此功能的权限。",
    404: "没有这条记录或这个页面。",
}
_ROUTES_KEPT = frozenset({"static", "index", "list", "detail", "action", "row-action"})


@dataclass(frozen=True)
class NavLink:
    """One line of the navigation. No roles: everybody who may enter. `below`: paths of pages that belong to it."""

    title: str
    href: str
    icon: str
    roles: tuple[str, ...] = ()
    below: str = ""

    def leads_to(self, path: str) -> bool:
        """Whether the page at `path` is this line's, or one below it."""
        return path == self.href or (bool(self.below) and path.startswith(self.below))


class _Theme(DefaultTheme):
    """The library's Tabler look; templates, static files and translations of this package come first."""

    package = "shared.dashboard"


class _Admin(Admin):
    """The library's admin without what this house has its own: forged-request guard, notices, error pages, editing."""

    def _init_csrf(self) -> None:
        """The guard in shared/http/auth.py stands before every app."""

    def _init_flash(self) -> None:
        """Notices do this."""

    def _template_response(
        self, request: Request, name: str, context: dict[str, Any] | None = None, status_code: int = 200
    ) -> Response:
        return render(request, name, context or {}, status=status_code)

    async def _render_error(self, request: Request, exc: Exception = HTTPException(500)) -> Response:
        assert isinstance(exc, HTTPException)
        message = _ERRORS.get(exc.status_code, "请求无法处理。")
        return await run_in_threadpool(refuse, request, Refusal(message, code="http"), status=exc.status_code)


class Dashboard:
    """A service's dashboard. Add links and lists in the order of the navigation, include the routes, then `mount`."""

    def __init__(self, process: Process, *, icon: str, roles: tuple[str, ...], templates: Path) -> None:
        self.process, self.icon, self.roles = process, icon, roles
        self.title: str = process.settings.TITLE.removeprefix("领军 · ")
        self.prefix = prefix_of(process.service)
        # Below a step of its own: a page at /cases/{key} and the list of cases must not hide each other.
        self.base = f"{self.prefix}/tables"
        self.catalogues = templates.parent / "translations"
        self.links: list[NavLink] = []
        self._admin = _Admin(
            process.database.reading,
            title=self.title,
            base_url=self.base,
            route_name=f"{process.service}-lists",
            templates_dir=str(templates),
            theme=_Theme(TablerSettings(base="slate", primary="blue", radius=1)),
            secret_key="unused: this house signs with the session",  # noqa: S106
            i18n_config=LANGUAGES,
            timezone_config=_TIMEZONE,
            middlewares=[Middleware(Entrance, roles=roles, open_paths=f"{self.base}/static/")],
        )
        self._admin.routes = [route for route in self._admin.routes if route.name in _ROUTES_KEPT]
        self.templates = self._admin.templates
        furnish(self.templates.env)
        self._furnish_globals(self.templates.env.globals)

    def _furnish_globals(self, names: dict[str, Any]) -> None:
        names.update(
            dashboard=self,
            t=t,
            localize=localize,
            csrf_input=_csrf_input,
            static_url=self.static_url,
            url_for=_path_for,
            unique_id=_unique_id,
            detail_url=self.detail_url,
            demo_moment=lambda: self.process.clock.now() if self.process.clock.travels else None,
        )

    def link(self, title: str, href: str, icon: str, *roles: str) -> None:
        """A line of the navigation that leads to a page of the service's own, with the pages below its path."""
        below = "" if href == f"{self.prefix}/" else href.rstrip("/") + "/"
        self.links.append(NavLink(title, href, icon, roles, below))

    def add_list(self, view: ListView) -> None:
        """A list and its line in the navigation."""
        self._admin.add_view(view)
        below = (view.detail_path or "").partition("{key}")[0]
        self.links.append(NavLink(view.menu_label, self.list_path(str(view.key)), str(view.icon), view.roles, below))

    def list_path(self, key: str) -> str:
        """Where a list is."""
        return f"{self.base}/{key}/list"

    def static_url(self, _request: Request, path: str, v: object = None) -> str:
        """Where a static file of the library or of this package is."""
        return f"{self.base}/static/{path}" + (f"?v={v}" if v else "")

    def detail_url(self, request: Request, key: str, pk: object) -> str:
        """Where a row of a list leads."""
        view: Any = self._admin._find_view_by_key(key)
        return str(view.detail_path or f"{self.base}/{key}/detail?pk={{key}}").replace("{key}", str(pk))

    def links_of(self, request: Request) -> list[tuple[NavLink, bool]]:
        """The navigation as this actor sees it, and which line is the present page's."""
        actor: CurrentUser | None = request.state.actor
        seen = [link for link in self.links if actor and (not link.roles or actor.may(*link.roles, "auditor"))]
        here = next((link for link in seen if link.leads_to(request.url.path)), None)
        return [(link, link is here) for link in seen]

    def mount(self, app: FastAPI) -> None:
        """Puts the lists behind the app's own routes, and the layout at the disposal of every page."""
        load_catalogues(SHARED_CATALOGUES)
        load_catalogues(self.catalogues)
        app.state.dashboard, app.state.ROUTE_NAME = self, self._admin.route_name
        self._admin.mount_to(app)
        for name in ("process", "dashboard", "refusal_page"):
            setattr(self._admin.app.state, name, getattr(app.state, name))


def render(request: Request, template: str, context: dict[str, Any], *, status: int = 200) -> Response:
    """A page in the layout, with the notices that waited for it."""
    dashboard: Dashboard = request.app.state.dashboard
    notices = take_notices(request)
    context = {"actor": request.state.actor, "notices": notices, **context}
    response = dashboard.templates.TemplateResponse(request, template, context, status_code=status)
    if notices:
        response.delete_cookie(NOTICE_COOKIE)
    return response


@pass_context
def _path_for(context: dict[str, Any], name: str, /, **parameters: Any) -> str:
    """A path, not an address: what a proxy in front is called does not matter."""
    request: Request = context["request"]
    return request.url_for(name, **parameters).path


@pass_context
def _unique_id(context: dict[str, Any], wanted: str) -> str:
    """`wanted`, with a number behind it where this page has one already: two dialogs may have fields of one name."""
    state = context["request"].state
    state.ids = getattr(state, "ids", Counter())
    state.ids[wanted] += 1
    return wanted if state.ids[wanted] == 1 else f"{wanted}-{state.ids[wanted]}"


def _csrf_input(request: Request) -> Markup:
    return Markup('<input type="hidden" name="csrf_token" value="{}">').format(request.state.csrf_token)
