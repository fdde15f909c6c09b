"""Process: scheduling's Celery worker. Standalone mode runs the jobs of `make_jobs` in its own process."""

from services.scheduling import actions, jobs, tasks
from services.scheduling.settings import SchedulingSettings
from shared.context import Context
from shared.jobs.job import JobFunctions
from shared.persistence.unit_of_work import UnitOfWork


def make_jobs(_settings: SchedulingSettings) -> JobFunctions:
    """Return scheduling's jobs; none of them needs a setting."""
    return {
        jobs.SolveInterviews: tasks.solve_interviews,
        jobs.SolveTeachingPlan: tasks.solve_teaching_plan,
        jobs.SendInterviewNotice: tasks.send_interview_notice,
        jobs.SendSchedule: tasks.send_schedule,
    }


def run_due(uow: UnitOfWork, *, context: Context) -> None:
    """Run the timer's actions: mark searches whose job failed as failed, so that staff can start them again."""
    actions.give_up_searches(uow, actor=context.actor, now=context.now)
