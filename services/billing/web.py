"""Process: billing's HTTP server, for staff."""

from fastapi import FastAPI

from services.billing.settings import BillingSettings
from shared.process import Process
from shared.serve import serve_web
from shared.web import make_app as make_empty_app


def make_app(process: Process) -> FastAPI:
    """Billing's app over an open process."""
    return make_empty_app(process)


if __name__ == "__main__":
    serve_web(BillingSettings(), make_app)
