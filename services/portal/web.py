"""Process: the portal's HTTP server."""

from fastapi import FastAPI

from services.portal import api, pages
from services.portal.actions import signing_key
from services.portal.settings import PortalSettings
from shared.dashboard import refusal_page
from shared.process import Process
from shared.serve import serve_web
from shared.web import make_app as make_empty_app


def make_app(process: Process) -> FastAPI:
    """The portal's app over an open process. Makes the key that signs sessions if there is none."""
    settings = process.settings
    assert isinstance(settings, PortalSettings)
    app = make_empty_app(process, refusal_page=refusal_page)
    app.state.signing_key = signing_key(settings.private_key_file, settings.token_public_key_file)
    app.state.behind_gateway = settings.behind_gateway
    app.include_router(api.router)
    app.include_router(pages.router)
    pages.make_dashboard(process).mount(app)
    return app


if __name__ == "__main__":
    serve_web(PortalSettings(), make_app)
