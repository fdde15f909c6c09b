"""Process: the portal's Celery worker. The jobs of `make_jobs` also run in the process of an embedded house."""

from functools import partial

from services.portal import jobs, tasks
from services.portal.settings import PortalSettings
from shared.context import Context
from shared.jobs.job import JobFunctions
from shared.messaging.sync_publisher import SyncPublisher
from shared.persistence.unit_of_work import UnitOfWork
from shared.runtime.serve import serve_worker
from shared.wiring.process import transport_of
from shared.wiring.settings import read


def make_jobs(settings: PortalSettings) -> JobFunctions:
    """The portal's jobs, on the bus of the settings."""

    def make_publisher() -> SyncPublisher:
        return SyncPublisher(transport_of(settings, settings.SERVICE))

    return {jobs.ReplayDeadLetters: partial(tasks.replay_dead_letters, make_publisher=make_publisher)}


def run_due(uow: UnitOfWork, *, context: Context) -> None:
    """Nothing of the portal's falls due in business time."""


if __name__ == "__main__":
    told = read(PortalSettings)
    serve_worker(told, make_jobs(told), run_due)
