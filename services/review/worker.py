"""Process: review's Celery worker. `JOBS` also runs in the process of an embedded house."""

from services.review import jobs, tasks
from services.review.settings import ReviewSettings
from shared.jobs import JobFunctions
from shared.serve import serve_worker

JOBS: JobFunctions = {
    jobs.WriteAdmissionLetter: tasks.write_admission_letter,
    jobs.WriteWaitingListLetter: tasks.write_waiting_list_letter,
    jobs.WriteRefusalLetter: tasks.write_refusal_letter,
}

if __name__ == "__main__":
    serve_worker(ReviewSettings(), JOBS)
