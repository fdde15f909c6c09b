"""The dashboard of a service: layout, navigation, access, static files and lists. Created in each service's pages.

Lists are built on starlette-admin. Every other page is a route of the service, rendered by replies.py in the same
layout.
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
from starlette.responses import JSONResponse, Response
from starlette_admin.contrib.sqla import Admin
from starlette_admin.i18n import TimezoneConfig
from starlette_admin.routing import route
from starlette_admin.theme import DefaultTheme, TablerSettings

from shared.dashboard.entrance import AccessMiddleware
from shared.dashboard.lists import ListView
from shared.dashboard.notices import COOKIE as NOTICE_COOKIE
from shared.dashboard.notices import notify, send_notices, take_notices
from shared.dashboard.static_files import address, serve_static_file
from shared.dashboard.templating import configure
from shared.foundation.errors import Refusal
from shared.foundation.language import LANGUAGES, SHARED_CATALOGUES, load_catalogues, localize, t
from shared.http.auth import CurrentUser, masked
from shared.http.compression import compress
from shared.http.web import UNKNOWN_REQUEST, refuse
from shared.wiring.process import Process
from shared.wiring.registry import SERVICES

_TIMEZONE = TimezoneConfig(default_timezone="Asia/Shanghai", timezone_cookie_name=None, use_user_locale_timezone=False)
# Error messages for the library's exceptions. A 400 occurs when the search, sorting or filter in a URL is invalid.
_ERRORS = {
    400: Refusal("筛选条件无法识别。请重新选择筛选条件。", code="bad-filter"),
    403: Refusal("您没有使用此功能的权限。", code="role"),
    404: Refusal("没有这条记录或这个页面。", code="no-such-row"),
}
_ROUTES_KEPT = frozenset({"index", "list", "detail", "action", "row-action"})


@dataclass(frozen=True)
class NavLink:
    """An entry of the navigation. Without roles, all users of the dashboard see it. `below`: path prefix of its
    subpages."""

    title: str
    href: str
    icon: str
    roles: tuple[str, ...] = ()
    below: str = ""

    def leads_to(self, path: str) -> bool:
        """Whether `path` is the page of this entry or one of its subpages."""
        return path == self.href or (bool(self.below) and path.startswith(self.below))


class _Theme(DefaultTheme):
    """The library's Tabler theme. Templates, static files and translations of this package take precedence."""

    package = "shared.dashboard"


class _Admin(Admin):
    """The library's admin without the features that are replaced here: CSRF protection, notices, error pages."""

    def _init_csrf(self) -> None:
        """Do nothing: shared/http protects every app."""

    def _init_flash(self) -> None:
        """Do nothing: notices.py replaces it."""

    def _template_response(
        self, request: Request, name: str, context: dict[str, Any] | None = None, status_code: int = 200
    ) -> Response:
        return render(request, name, context or {}, status=status_code)

    @route("/_api/{key}/action", methods=["POST"], name="action")
    async def handle_action(self, request: Request) -> Response:
        """Answer as the library does, but refuse a request that names no action, and show the library's message about an
        export that failed: for both it raises an error."""
        if "name" not in request.query_params:
            return JSONResponse({"msg": t("没有这个操作，请刷新页面后重试。")}, status_code=400)
        messages: list[dict[str, str]] = []
        request.state.admin_flash_pending = messages
        response: Response = await super().handle_action(request)
        for one in messages:
            notify(request, one["message"], tone="danger")
        if messages:
            send_notices(request, response)
        return response

    async def _render_error(self, request: Request, exc: Exception = HTTPException(500)) -> Response:
        assert isinstance(exc, HTTPException)
        refusal = exc if isinstance(exc, Refusal) else _ERRORS.get(exc.status_code, UNKNOWN_REQUEST)
        return await run_in_threadpool(refuse, request, refusal, status=exc.status_code)


class Dashboard:
    """A service's dashboard. Add links and lists in the order of the navigation, include the routes, then call
    `mount`."""

    def __init__(self, process: Process, *, roles: tuple[str, ...], templates: Path) -> None:
        self.process, self.roles = process, roles
        self.title: str = SERVICES[process.service].title
        self.prefix = SERVICES[process.service].prefix
        # A separate path prefix, so that a page at /cases/{key} and the list of cases do not conflict.
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
            secret_key="unused: the session signs",  # noqa: S106
            i18n_config=LANGUAGES,
            timezone_config=_TIMEZONE,
        )
        # Before the library's own middleware: that one opens a database session, and wraps what `receive` raises.
        access = Middleware(AccessMiddleware, roles=roles)
        self._admin.middlewares.insert(0, access)
        self._admin.routes = [route for route in self._admin.routes if route.name in _ROUTES_KEPT]
        self.templates = self._admin.templates
        configure(self.templates.env)
        self._set_globals(self.templates.env.globals)

    def _set_globals(self, names: dict[str, Any]) -> None:
        names.update(
            dashboard=self,
            t=t,
            localize=localize,
            csrf_input=_csrf_input,
            csrf_token=lambda request: masked(request.state.csrf_token),
            static_url=_static_url,
            url_for=_path_for,
            unique_id=_unique_id,
            detail_url=self.detail_url,
            demo_moment=lambda: self.process.clock.now() if self.process.clock.travels else None,
        )

    def link(self, title: str, href: str, icon: str, *roles: str) -> None:
        """Add an entry to the navigation, for a page of the service and the pages below its path."""
        below = "" if href == f"{self.prefix}/" else href.rstrip("/") + "/"
        self.links.append(NavLink(title, href, icon, roles, below))

    def add_list(self, view: ListView) -> None:
        """Add a list and its entry in the navigation."""
        self._admin.add_view(view)
        below = (view.detail_path or "").partition("{key}")[0]
        self.links.append(NavLink(view.menu_label, self.list_path(str(view.key)), str(view.icon), view.roles, below))

    def list_path(self, key: str) -> str:
        """Return the path of a list."""
        return f"{self.base}/{key}/list"

    def detail_url(self, request: Request, key: str, pk: object) -> str:
        """Return the path of a row's page."""
        view: Any = self._admin._find_view_by_key(key)
        return str(view.detail_path or f"{self.base}/{key}/detail?pk={{key}}").replace("{key}", str(pk))

    def links_of(self, request: Request) -> list[tuple[NavLink, bool]]:
        """Return the navigation entries of this user, each with whether it is the current page's."""
        actor: CurrentUser | None = request.state.actor
        visible = [link for link in self.links if actor and (not link.roles or actor.may(*link.roles, "auditor"))]
        current = next((link for link in visible if link.leads_to(request.url.path)), None)
        return [(link, link is current) for link in visible]

    def mount(self, app: FastAPI) -> None:
        """Mount the lists after the app's own routes, and make the dashboard available to every page."""
        load_catalogues(SHARED_CATALOGUES)
        load_catalogues(self.catalogues)
        app.add_api_route("/static/{asked_version}/{path:path}", serve_static_file, include_in_schema=False)
        app.state.dashboard, app.state.ROUTE_NAME = self, self._admin.route_name
        self._admin.mount_to(app)
        for name in ("process", "dashboard", "refusal_page"):
            setattr(self._admin.app.state, name, getattr(app.state, name))


def render(request: Request, template: str, context: dict[str, Any], *, status: int = 200) -> Response:
    """Render a page in the layout, with the waiting notices."""
    dashboard: Dashboard = request.app.state.dashboard
    notices = take_notices(request)
    context = {"actor": request.state.actor, "notices": notices, **context}
    response = dashboard.templates.TemplateResponse(request, template, context, status_code=status)
    if notices:
        response.delete_cookie(NOTICE_COOKIE)
    compress(request, response)
    return response


def _static_url(_request: Request, path: str, v: object = None) -> str:
    """Return the address of a static file; `v`, the library's number of its version, is not needed."""
    return address(path)


@pass_context
def _path_for(context: dict[str, Any], name: str, /, **parameters: Any) -> str:
    """Return the path of a route, without the host, which may differ behind a proxy."""
    request: Request = context["request"]
    return request.url_for(name, **parameters).path


@pass_context
def _unique_id(context: dict[str, Any], name: str) -> str:
    """Return `name`, with a number appended if this page has used it: two dialogs may have fields of the same name."""
    state = context["request"].state
    state.ids = getattr(state, "ids", Counter())
    state.ids[name] += 1
    return name if state.ids[name] == 1 else f"{name}-{state.ids[name]}"


def _csrf_input(request: Request) -> Markup:
    return Markup('<input type="hidden" name="csrf_token" value="{}">').format(masked(request.state.csrf_token))
