"""Process: review's Celery worker. Standalone mode runs the jobs of `make_jobs` in its own process."""

from functools import partial

from services.review import actions, jobs, tasks
from services.review.settings import ReviewSettings
from services.review.signing import Certificate
from shared.context import Context
from shared.jobs.job import JobFunctions
from shared.persistence.unit_of_work import UnitOfWork


def make_jobs(settings: ReviewSettings) -> JobFunctions:
    """Return review's jobs. Letters are signed with the certificate of the settings, if there is one."""
    file = settings.letter_certificate
    certificate = Certificate(file, settings.letter_certificate_password_file) if file else None
    return {
        jobs.WriteAdmissionLetter: partial(tasks.write_admission_letter, certificate=certificate),
        jobs.WriteWaitingListLetter: partial(tasks.write_waiting_list_letter, certificate=certificate),
        jobs.WriteRefusalLetter: partial(tasks.write_refusal_letter, certificate=certificate),
        jobs.SendLetter: tasks.send_letter,
    }


def run_due(uow: UnitOfWork, *, context: Context) -> None:
    """Run the timer's actions: reject cases whose correction is overdue, and close waiting lists."""
    actions.reject_uncorrected(uow, actor=context.actor, now=context.now)
    actions.close_waiting_lists(uow, actor=context.actor, now=context.now)
