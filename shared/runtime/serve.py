"""Starts one process of one service from its settings: web, bus or worker. Called by the services' web.py, bus.py, worker.py."""

import asyncio
import gc
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any

import uvicorn
import uvloop
from fastapi import FastAPI

from shared.jobs.celery import beat, make_celery, send_job, serve_jobs
from shared.jobs.job import JobFunctions
from shared.jobs.timer import RunDue, Timer, look_every
from shared.jobs.worker import JobWorker
from shared.observability import metrics, telemetry
from shared.observability.logs import configure
from shared.observability.tracing import tracers
from shared.runtime.bus import Bus
from shared.wiring.process import Process, open_process
from shared.wiring.settings import Settings

# Longer than a gateway keeps an idle connection (Caddy: 120 s, nginx: 60 s): whoever closes first must be the one who sends,
# or a POST meets a connection that is just being closed, which a gateway may not repeat and answers with 502.
KEEP_ALIVE_SECONDS = 150


def tune_gc() -> None:
    """To be called once a process has made all that it keeps: Python's collector then looks at that no more, and more rarely at
    the rest. Under load it took a third of a web server's time, and held up everybody for as long as it looked.

    Threads take turns each millisecond: one that has its answer from the database waits no longer than that for the loop."""
    sys.setswitchinterval(0.001)
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def setup_observability(settings: Settings) -> None:
    """Sends spans to the collector and answers scrapes, each where the settings say so."""
    if settings.otlp_endpoint:
        telemetry.trace_with(tracers(settings.otlp_endpoint))
    if settings.metrics_listen:
        metrics.serve(settings.metrics_listen)


def serve_web(settings: Settings, make_app: Callable[[Process], FastAPI]) -> None:
    """Serves the app at `settings.listen`, until told to stop."""
    configure(settings.SERVICE, settings.log_level)
    setup_observability(settings)
    app = make_app(open_process(settings))
    tune_gc()
    host, _, port = settings.listen.rpartition(":")
    # No access log: its paths carry the secrets of one-time links. What is refused or fails is logged by its route.
    uvicorn.run(
        app,
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
    """Runs the bus until told to stop; jobs go to Celery."""
    configure(settings.SERVICE, settings.log_level)
    setup_observability(settings)
    celery = make_celery(settings.SERVICE, broker_url=settings.broker_url)
    process = open_process(settings)
    every = look_every(process.clock)
    tune_gc()
    work = make_bus(process).run(
        lambda job_id: send_job(celery, job_id), lambda: beat(celery, process.database, every=every)
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


def serve_worker(settings: Settings, jobs: JobFunctions, run_due: RunDue) -> None:
    """Runs a Celery worker with threads, until told to stop."""
    configure(settings.SERVICE, settings.log_level)
    setup_observability(settings)
    process = open_process(settings)
    celery = make_celery(settings.SERVICE, broker_url=settings.broker_url)
    worker = JobWorker(process.database, jobs, service=process.service, clock=process.clock, tools=process.tools)
    timer = Timer(process.database, run_due, clock=process.clock, tools=process.tools)
    serve_jobs(celery, worker, timer.look)
    tune_gc()
    # Workers have nothing to say to each other: each takes what its service's queue gives it.
    alone = ("--without-gossip", "--without-mingle", "--without-heartbeat")
    celery.worker_main([*sys.argv[1:], "worker", "--pool=threads", "--concurrency=2", "--loglevel=WARNING", *alone])
