"""Process: review's HTTP server for reviewers, judges, the committee and auditors."""

from fastapi import FastAPI

from services.review import api, pages, queries
from shared.dashboard import refusal_page
from shared.http.stats import stats_router
from shared.http.web import make_app as make_empty_app
from shared.wiring.process import Process


def make_app(process: Process) -> FastAPI:
    """Return review's FastAPI app for an open process."""
    app = make_empty_app(process, refusal_page=refusal_page)
    app.include_router(api.router)
    app.include_router(stats_router(process.service, queries.stats))
    app.include_router(pages.router)
    pages.make_dashboard(process).mount(app)
    return app
