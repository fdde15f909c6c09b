"""Celery for slow jobs and timers: one task executes a job by id, the other handles due deadlines when beat triggers
it.

The job's row controls retries, so Celery's own are not used.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import ClassVar
from uuid import UUID

from celery import Celery
from celery.beat import Scheduler
from celery.worker.consumer import Consumer
from kombu import Exchange, Queue

from shared.jobs.worker import JobWorker
from shared.persistence.database import Database
from shared.persistence.leader import leadership

TASK = "lingjun.run_job"
TIMER_TASK = "lingjun.look_at_deadlines"


class PlainConsumer(Consumer):
    """A worker's consumer that declares only its own queue. Celery would add fifty-six exchanges and queues for delayed
    delivery, which is not needed: delays are stored in the job rows."""

    class Blueprint(Consumer.Blueprint):
        """The start-up steps of a worker's connection."""

        default_steps: ClassVar[list[str]] = [
            step for step in Consumer.Blueprint.default_steps if not step.endswith(":DelayedDelivery")
        ]


def make_celery(service: str, *, broker_url: str) -> Celery:
    """Return a Celery application with a quorum queue of the service, publisher confirms and late acknowledgement.

    A task of a killed worker is redelivered; the job row makes that harmless. Results are not stored: the row holds the
    outcome, and a result that cannot be stored would leave its task unacknowledged and the worker idle.
    """
    app = Celery(f"lingjun.{service}", broker=broker_url)
    name = f"lingjun.{service}.jobs"
    # The service has its own exchange too, so that other services need no access to it.
    exchange = Exchange(name, type="topic", durable=True)
    app.conf.update(
        task_queues=[Queue(name, exchange, routing_key=name, queue_arguments={"x-queue-type": "quorum"})],
        task_default_queue=name,
        task_default_exchange=name,
        task_default_exchange_type="topic",
        task_default_routing_key=name,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        broker_transport_options={"confirm_publish": True},
        broker_connection_retry_on_startup=True,
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_consumer=f"{__name__}:PlainConsumer",
        # Remote control is not used, and would let every user of the broker stop the worker.
        worker_enable_remote_control=False,
        task_ignore_result=True,
        task_serializer="json",
        accept_content=["json"],
    )
    return app


def serve_jobs(app: Celery, worker: JobWorker, run_timer: Callable[[], None]) -> None:
    """Register the two tasks: `worker` executes jobs, `run_timer` handles due deadlines."""

    @app.task(name=TASK)
    def run_job(job_id: str) -> None:
        worker.execute(UUID(job_id))

    @app.task(name=TIMER_TASK)
    def handle_deadlines() -> None:
        run_timer()


def send_job(app: Celery, job_id: UUID) -> None:
    """Send a job to the workers and wait for the broker's confirm."""
    app.send_task(TASK, args=[str(job_id)])


async def beat(app: Celery, database: Database, *, every: timedelta) -> None:
    """Run Celery beat for the service's timer until cancelled, in the bus process that is the leader.

    The broker drops a tick that no worker consumed before the next one. Raises ConnectionError when the lock is lost.
    """
    app.conf.beat_schedule = {
        TIMER_TASK: {"task": TIMER_TASK, "schedule": every, "options": {"expires": max(every.total_seconds(), 1)}}
    }
    async with leadership(database, "beat") as lock:
        scheduler = Scheduler(app, max_interval=every.total_seconds())
        try:
            while True:
                await asyncio.to_thread(lock.check)
                await asyncio.sleep(await asyncio.to_thread(scheduler.tick))
        finally:
            scheduler.close()
