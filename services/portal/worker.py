"""Process: the portal's Celery worker. `JOBS` also runs in the process of an embedded house."""

from sqlmodel import Session

from services.portal.settings import PortalSettings
from shared.context import Context
from shared.jobs import JobFunctions
from shared.serve import serve_worker

JOBS: JobFunctions = {}


def run_due(session: Session, *, context: Context) -> None:
    """Nothing of the portal's falls due in business time."""


if __name__ == "__main__":
    serve_worker(PortalSettings(), JOBS, run_due)
