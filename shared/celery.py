"""Celery for slow jobs: one task that executes a job row by id. The row owns retries, so Celery's own are not used."""

from uuid import UUID

from celery import Celery
from kombu import Exchange, Queue

from shared.jobs import JobWorker

TASK = "lingjun.run_job"


def make_celery(service: str, *, broker_url: str, redis_url: str) -> Celery:
    """A Celery application with the service's own quorum queue, confirms on, and acknowledgement after the work.

    A task of a killed worker is delivered again; the job row makes that harmless.
    """
    app = Celery(f"lingjun.{service}", broker=broker_url, backend=redis_url)
    name = f"lingjun.{service}.jobs"
    exchange = Exchange("lingjun.jobs", type="topic", durable=True)
    app.conf.update(
        task_queues=[Queue(name, exchange, routing_key=name, queue_arguments={"x-queue-type": "quorum"})],
        task_default_queue=name,
        task_default_exchange="lingjun.jobs",
        task_default_exchange_type="topic",
        task_default_routing_key=name,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        broker_transport_options={"confirm_publish": True},
        broker_connection_retry_on_startup=True,
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        result_expires=3600,
        task_serializer="json",
        accept_content=["json"],
    )
    return app


def serve_jobs(app: Celery, worker: JobWorker) -> None:
    """Registers the one task, executed by `worker`."""

    @app.task(name=TASK)
    def run_job(job_id: str) -> None:
        worker.execute(UUID(job_id))


def send_job(app: Celery, job_id: UUID) -> None:
    """Hands a job to the workers of the application's queue; waits for the broker's confirm."""
    app.send_task(TASK, args=[str(job_id)])
