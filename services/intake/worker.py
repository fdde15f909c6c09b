"""Process: intake's Celery worker. `JOBS` also runs in the process of an embedded house."""

from services.intake import jobs, tasks
from services.intake.settings import IntakeSettings
from shared.jobs import JobFunctions
from shared.serve import serve_worker

JOBS: JobFunctions = {
    jobs.SendConsentRequest: tasks.send_consent_request,
    jobs.SendReturnNotice: tasks.send_return_notice,
}

if __name__ == "__main__":
    serve_worker(IntakeSettings(), JOBS)
