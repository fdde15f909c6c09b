"""Process: intake's Celery worker. The standalone server runs the jobs of `make_jobs` in its own process."""

from services.intake import actions, jobs, tasks
from services.intake.settings import IntakeSettings
from shared.context import Context
from shared.jobs.job import JobFunctions
from shared.persistence.unit_of_work import UnitOfWork


def make_jobs(_settings: IntakeSettings) -> JobFunctions:
    """Return intake's jobs; none of them needs a setting."""
    return {
        jobs.SendConsentRequest: tasks.send_consent_request,
        jobs.SendReturnNotice: tasks.send_return_notice,
    }


def run_due(uow: UnitOfWork, *, context: Context) -> None:
    """Run the timed actions: expire drafts, remove unreferenced scans and scans past their retention period."""
    actions.expire_drafts(uow, actor=context.actor, now=context.now)
    actions.remove_unreferred_scans(uow, actor=context.actor, now=context.now, files=context.tools.files)
    actions.remove_scans_of_closed(uow, actor=context.actor, now=context.now, files=context.tools.files)
