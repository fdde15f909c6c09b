"""Process: scheduling's Celery worker. `JOBS` also runs in the process of an embedded house."""

from services.scheduling import actions, jobs, tasks
from services.scheduling.settings import SchedulingSettings
from shared.context import Context
from shared.jobs.job import JobFunctions
from shared.persistence.unit_of_work import UnitOfWork
from shared.runtime.serve import serve_worker
from shared.wiring.settings import read

JOBS: JobFunctions = {
    jobs.SolveInterviews: tasks.solve_interviews,
    jobs.SolveTeachingPlan: tasks.solve_teaching_plan,
    jobs.SendInterviewNotice: tasks.send_interview_notice,
    jobs.SendSchedule: tasks.send_schedule,
}


def run_due(uow: UnitOfWork, *, context: Context) -> None:
    """What time brings: a search whose job ended without a result is shown as failed, so that it can be asked for again."""
    actions.give_up_searches(uow, actor=context.actor, now=context.now)


if __name__ == "__main__":
    serve_worker(read(SchedulingSettings), JOBS, run_due)
