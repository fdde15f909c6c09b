"""Process: the portal's HTTP server."""

from fastapi import FastAPI

from services.portal import api, pages, queries
from services.portal.actions import first_account_link, signing_key
from services.portal.settings import PortalSettings
from shared.dashboard import refusal_page
from shared.http.stats import stats_router
from shared.http.web import make_app as make_empty_app
from shared.wiring.process import Process


def make_app(process: Process) -> FastAPI:
    """Build the portal's app over an open process. Create the key that signs sessions if it is missing."""
    settings = process.settings
    assert isinstance(settings, PortalSettings)
    app = make_empty_app(process, refusal_page=refusal_page)
    app.state.signing_key = signing_key(settings.private_key_file, settings.token_public_key_file)
    app.state.trace_url = settings.trace_url
    app.include_router(api.router)
    app.include_router(stats_router(process.service, queries.stats))
    app.include_router(pages.router)
    pages.make_dashboard(process).mount(app)
    return app


def invite(process: Process) -> str:
    """Return the path of a one-time link for the first account; empty if an account exists. Voids earlier links."""
    with process.database.transaction() as uow:
        return first_account_link(uow, actor="console", now=process.clock.now()) or ""
