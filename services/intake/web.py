"""Process: intake's HTTP server, for the platform and for staff."""

from fastapi import FastAPI

from services.intake import api, pages, queries
from services.intake.api.door import ApplicationDoor
from services.intake.settings import IntakeSettings
from shared.dashboard import refusal_page
from shared.figures import figures_router
from shared.process import Process
from shared.serve import serve_web
from shared.settings import read
from shared.web import make_app as make_empty_app


def make_app(process: Process) -> FastAPI:
    """Intake's app over an open process."""
    app = make_empty_app(process, refusal_page=refusal_page)
    app.state.door = ApplicationDoor(process)
    app.include_router(api.router)
    app.include_router(figures_router(process.service, queries.figures))
    app.include_router(pages.router)
    pages.make_dashboard(process).mount(app)
    return app


if __name__ == "__main__":
    serve_web(read(IntakeSettings), make_app)
