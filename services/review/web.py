"""Process: review's HTTP server for reviewers, judges, the committee and auditors."""

from fastapi import FastAPI

from services.review import api, pages, queries
from services.review.settings import ReviewSettings
from shared.dashboard import refusal_page
from shared.http.stats import stats_router
from shared.http.web import make_app as make_empty_app
from shared.runtime.serve import serve_web
from shared.wiring.process import Process
from shared.wiring.settings import read


def make_app(process: Process) -> FastAPI:
    """Return review's FastAPI app for an open process."""
    app = make_empty_app(process, refusal_page=refusal_page)
    app.include_router(api.router)
    app.include_router(stats_router(process.service, queries.stats))
    app.include_router(pages.router)
    pages.make_dashboard(process).mount(app)
    return app


if __name__ == "__main__":
    serve_web(read(ReviewSettings), make_app)
