"""Celery for slow jobs and timers: one task executes a job row by id, the other looks at the deadlines, when beat asks for it.

The row owns retries, so Celery's own are not used.
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
LOOK = "lingjun.look_at_deadlines"


class PlainConsumer(Consumer):
    """A worker's consumer that makes no queue but its own: Celery would add fifty-six exchanges and queues for delays, which
    the rows of the jobs take care of here."""

    class Blueprint(Consumer.Blueprint):
        """The steps of a worker's connection."""

        default_steps: ClassVar[list[str]] = [
            step for step in Consumer.Blueprint.default_steps if not step.endswith(":DelayedDelivery")
        ]


def make_celery(service: str, *, broker_url: str) -> Celery:
    """A Celery application with the service's own quorum queue, confirms on, and acknowledgement after the work.

    A task of a killed worker is delivered again; the job row makes that harmless. No results are kept: the row says what
    came of a job, and a result that cannot be stored would leave its task unacknowledged, and the worker idle.
    """
    app = Celery(f"lingjun.{service}", broker=broker_url)
    name = f"lingjun.{service}.jobs"
    # The exchange is the service's own too, so that no other may touch it.
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
        # A queue by which anybody with an account on the broker could stop the worker; nobody here asks it anything.
        worker_enable_remote_control=False,
        task_ignore_result=True,
        task_serializer="json",
        accept_content=["json"],
    )
    return app


def serve_jobs(app: Celery, worker: JobWorker, look: Callable[[], None]) -> None:
    """Registers the two tasks: jobs are executed by `worker`, deadlines looked at by `look`."""

    @app.task(name=TASK)
    def run_job(job_id: str) -> None:
        worker.execute(UUID(job_id))

    @app.task(name=LOOK)
    def look_at_deadlines() -> None:
        look()


def send_job(app: Celery, job_id: UUID) -> None:
    """Hands a job to the workers of the application's queue; waits for the broker's confirm."""
    app.send_task(TASK, args=[str(job_id)])


async def beat(app: Celery, database: Database, *, every: timedelta) -> None:
    """Celery beat for the service's timer, in the one bus process that has the right to it; runs until cancelled.

    A look that no worker took before the next one is dropped by the broker. Raises ConnectionError when the right is lost.
    """
    app.conf.beat_schedule = {
        LOOK: {"task": LOOK, "schedule": every, "options": {"expires": max(every.total_seconds(), 1)}}
    }
    async with leadership(database, "beat") as right:
        scheduler = Scheduler(app, max_interval=every.total_seconds())
        try:
            while True:
                await asyncio.to_thread(right.check)
                await asyncio.sleep(await asyncio.to_thread(scheduler.tick))
        finally:
            scheduler.close()
