"""Process: billing's HTTP server, for staff."""

from fastapi import FastAPI

from services.billing import queries
from services.billing.settings import BillingSettings
from shared.figures import figures_router
from shared.process import Process
from shared.serve import serve_web
from shared.web import make_app as make_empty_app


def make_app(process: Process) -> FastAPI:
    """Billing's app over an open process."""
    app = make_empty_app(process)
    app.include_router(figures_router(process.service, queries.figures))
    return app


if __name__ == "__main__":
    serve_web(BillingSettings(), make_app)
