"""Start one process of a service from its settings. Called by `lingjun web`, `lingjun bus` and `lingjun worker`."""

import asyncio
import gc
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar
from urllib.parse import urlsplit

import uvicorn
import uvloop
from fastapi import FastAPI

from shared.jobs.celery import beat, make_celery, send_job, serve_jobs
from shared.jobs.job import JobFunctions
from shared.jobs.timer import RunDue, Timer, timer_interval
from shared.jobs.worker import JobWorker
from shared.messaging.topology import EXCHANGE
from shared.observability import metrics, telemetry
from shared.observability.logs import configure
from shared.observability.tracing import tracers
from shared.runtime.bus import Bus
from shared.runtime.http_protocol import BoundedProtocol
from shared.wiring.process import Process, open_process
from shared.wiring.settings import Settings

S = TypeVar("S", bound=Settings)
# Longer than a gateway keeps an idle connection (Caddy: 120 s, nginx: 60 s), so that the gateway closes first.
# Otherwise a POST can arrive on a connection that is closing; the gateway must not repeat it and responds 502.
KEEP_ALIVE_SECONDS = 150


def tune_gc() -> None:
    """Tune the garbage collector once start-up is complete: long-lived objects are frozen and collections become rarer.
    Under load, collections took a third of a web server's time and delayed all requests.

    Also switch threads every millisecond, so that a thread with a database result waits at most that long for the event
    loop.
    """
    sys.setswitchinterval(0.001)
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def setup_observability(settings: Settings, role: str) -> None:
    """Start tracing and the metrics endpoint, each if the settings enable it. Called before a database is opened. `role`:
    web, bus, worker or standalone."""
    if settings.otlp_endpoint:
        telemetry.trace_with(tracers(settings.otlp_endpoint, role), traced_bus(settings.broker_url))
    if settings.metrics_listen:
        metrics.serve(settings.metrics_listen)


def traced_bus(broker_url: str) -> telemetry.Bus:
    """Return what the spans of messages name as their system and server."""
    parts = urlsplit(broker_url)
    if parts.scheme != "amqp":
        return telemetry.Bus()
    return telemetry.Bus("rabbitmq", EXCHANGE, parts.hostname or "", parts.port or 5672)


def serve_web(settings: Settings, make_app: Callable[[Process], FastAPI]) -> None:
    """Serve the app at `settings.listen` until SIGTERM or SIGINT."""
    configure(settings.SERVICE, settings.log_level)
    setup_observability(settings, "web")
    app = make_app(open_process(settings))
    tune_gc()
    host, _, port = settings.listen.rpartition(":")
    # No access log: paths contain the secrets of one-time links. Refusals and failures are logged with their route.
    uvicorn.run(
        app,
        http=BoundedProtocol,
        host=host,
        port=int(port),
        log_config=None,
        access_log=False,
        lifespan="off",
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )


def serve_bus(settings: Settings, make_bus: Callable[[Process], Bus]) -> None:
    """Run the bus until SIGTERM or SIGINT; jobs are sent to Celery."""
    configure(settings.SERVICE, settings.log_level)
    setup_observability(settings, "bus")
    celery = make_celery(settings.SERVICE, broker_url=settings.broker_url)
    process = open_process(settings)
    interval = timer_interval(process.clock)
    tune_gc()
    work = make_bus(process).run(
        lambda job_id: send_job(celery, job_id), lambda: beat(celery, process.database, every=interval)
    )
    uvloop.run(_until_stopped(work))


async def _until_stopped(work: Coroutine[Any, Any, None]) -> None:
    task = asyncio.ensure_future(work)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        return


def serve_worker(settings: S, make_jobs: Callable[[S], JobFunctions], run_due: RunDue) -> None:
    """Run a Celery worker with threads until SIGTERM or SIGINT."""
    configure(settings.SERVICE, settings.log_level)
    setup_observability(settings, "worker")
    process = open_process(settings)
    celery = make_celery(settings.SERVICE, broker_url=settings.broker_url)
    worker = JobWorker(
        process.database, make_jobs(settings), service=process.service, clock=process.clock, tools=process.tools
    )
    timer = Timer(process.database, run_due, clock=process.clock, tools=process.tools)
    serve_jobs(celery, worker, timer.run_if_due)
    tune_gc()
    # Workers need not communicate: each consumes its service's queue.
    options = ("--without-gossip", "--without-mingle", "--without-heartbeat")
    celery.worker_main(["worker", "--pool=threads", "--concurrency=2", "--loglevel=WARNING", *options])
