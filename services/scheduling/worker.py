"""Process: scheduling's Celery worker. `JOBS` also runs in the process of an embedded house."""

from services.scheduling import jobs, tasks
from services.scheduling.settings import SchedulingSettings
from shared.jobs import JobFunctions
from shared.serve import serve_worker

JOBS: JobFunctions = {
    jobs.SolveInterviews: tasks.solve_interviews,
    jobs.SolveTeachingPlan: tasks.solve_teaching_plan,
    jobs.SendInterviewNotice: tasks.send_interview_notice,
    jobs.SendSchedule: tasks.send_schedule,
}

if __name__ == "__main__":
    serve_worker(SchedulingSettings(), JOBS)
