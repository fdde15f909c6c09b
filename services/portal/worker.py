"""Process: the portal's Celery worker. The standalone server runs the jobs of `make_jobs` in its own process."""

from functools import partial

from services.portal import jobs, tasks
from services.portal.settings import PortalSettings
from shared.context import Context
from shared.jobs.job import JobFunctions
from shared.messaging.sync_publisher import SyncPublisher
from shared.persistence.unit_of_work import UnitOfWork
from shared.wiring.process import transport_of


def make_jobs(settings: PortalSettings) -> JobFunctions:
    """Return the portal's jobs, connected to the broker of the settings."""

    def make_publisher() -> SyncPublisher:
        return SyncPublisher(transport_of(settings, settings.SERVICE))

    return {jobs.ReplayDeadLetters: partial(tasks.replay_dead_letters, make_publisher=make_publisher)}


def run_due(uow: UnitOfWork, *, context: Context) -> None:
    """Do nothing: the portal has no timed actions."""
