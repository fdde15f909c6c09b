"""Process: review's Celery worker. Standalone mode runs the jobs of `make_jobs` in its own process."""

from services.review import actions, jobs, tasks
from services.review.settings import ReviewSettings
from shared.context import Context
from shared.jobs.job import JobFunctions
from shared.persistence.unit_of_work import UnitOfWork


def make_jobs(_settings: ReviewSettings) -> JobFunctions:
    """Return review's jobs; none of them needs a setting."""
    return {
        jobs.WriteAdmissionLetter: tasks.write_admission_letter,
        jobs.WriteWaitingListLetter: tasks.write_waiting_list_letter,
        jobs.WriteRefusalLetter: tasks.write_refusal_letter,
        jobs.SendLetter: tasks.send_letter,
    }


def run_due(uow: UnitOfWork, *, context: Context) -> None:
    """Run the timer's actions: reject cases whose correction is overdue, and close waiting lists."""
    actions.reject_uncorrected(uow, actor=context.actor, now=context.now)
    actions.close_waiting_lists(uow, actor=context.actor, now=context.now)
