"""The standalone server: web, bus and worker of every service in one process, for trials and small offices.

It uses SQLite, the embedded bus and one data folder. Accepted applications survive a SIGKILL. Called by
`lingjun run`, which the demo starts too.
"""

import asyncio
import fcntl
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from socket import socket
from typing import TextIO
from uuid import UUID

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from services.loading import app_maker, bus_maker, job_functions, settings_class
from shared.foundation.clock import TravellingClock
from shared.foundation.errors import Conflict, NotFound
from shared.jobs.job import requeue_orphaned
from shared.jobs.timer import Timer
from shared.jobs.worker import JobWorker
from shared.persistence.schema import upgrade
from shared.runtime.http_protocol import BoundedProtocol
from shared.runtime.serve import setup_observability, tune_gc
from shared.wiring.process import Process, open_process
from shared.wiring.registry import DEFAULT, SERVICES
from shared.wiring.settings import embedded


class PathRouter:
    """Route a request to the service named by the first path segment; to the default service if none has that name."""

    def __init__(self, apps: dict[str, ASGIApp]) -> None:
        self._apps = apps

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        first = scope["path"].split("/", 2)[1]
        await self._apps.get(first, self._apps[DEFAULT.name])(scope, receive, send)


class _NotifyingServer(uvicorn.Server):
    """A uvicorn server that calls `on_started` once the port accepts connections."""

    def __init__(self, config: uvicorn.Config, on_started: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_started = on_started

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_started()


class StandaloneServer:
    """All services over one data folder. `starts_at` makes it a demo whose clock stands still until moved."""

    def __init__(self, data: Path, *, port: int, starts_at: datetime | None = None) -> None:
        self._data, self._port = data.resolve(), port
        self._lock = _claim_folder(self._data, "demo" if starts_at else "system")
        clock = "system"
        if starts_at:
            clock_file = self._data / "clock"
            clock = f"travelling:{clock_file}"
            if not clock_file.exists():
                TravellingClock(clock_file).set(starts_at)
        public_url = f"http://127.0.0.1:{port}"
        settings = {
            name: settings_class(name)(**embedded(self._data, name, public_url=public_url, clock=clock))
            for name in SERVICES
        }
        setup_observability(settings[DEFAULT.name], "standalone")
        self.processes: dict[str, Process] = {}
        for name in SERVICES:
            upgrade(settings[name].database_url, name)
            self.processes[name] = open_process(settings[name])

    def close(self) -> None:
        """Close the databases and unlock the data folder."""
        for process in self.processes.values():
            process.database.close()
        self._lock.close()

    async def run(self, on_started: Callable[[], None]) -> None:
        """Serve until SIGINT or SIGTERM. Call `on_started` once the port accepts connections."""
        app = PathRouter({name: app_maker(name)(process) for name, process in self.processes.items()})
        config = uvicorn.Config(
            app,
            http=BoundedProtocol,
            host="127.0.0.1",
            port=self._port,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
        )
        server = _NotifyingServer(config, on_started)
        tune_gc()
        buses = [asyncio.ensure_future(_run_bus(process)) for process in self.processes.values()]
        try:
            await server.serve()
        finally:
            for task in buses:
                task.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.gather(*buses)


async def _run_bus(process: Process) -> None:
    """Run a service's bus, with its worker in a thread."""
    make_jobs, run_due = job_functions(process.service)
    worker = JobWorker(
        process.database,
        make_jobs(process.settings),
        service=process.service,
        clock=process.clock,
        tools=process.tools,
    )
    timer = Timer(process.database, run_due, clock=process.clock, tools=process.tools)
    with process.database.transaction() as uow:
        requeue_orphaned(uow)
    with ThreadPoolExecutor(1, thread_name_prefix=f"{process.service}-worker") as pool:

        def send(job_id: UUID) -> None:
            pool.submit(worker.execute, job_id)

        await bus_maker(process.service)(process).run(send, timer.watch)


@contextmanager
def stopped_portal(data: Path) -> Iterator[Process]:
    """Open the portal's process of a stopped installation for a command, and lock its folder meanwhile.

    Raises NotFound if `data` is no data folder, and Conflict while the server runs.
    """
    data = data.resolve()
    if not (data / f"{DEFAULT.name}.db").exists():
        raise NotFound(f"{data} 不是领军的数据目录。", code="no-house")
    with _lock_folder(data, "领军正在运行，请在“未送达消息”页面上操作，或先停止它。"):
        mode = (data / "mode").read_text()
        clock = f"travelling:{data / 'clock'}" if mode == "demo" else "system"
        values = embedded(data, DEFAULT.name, public_url="", clock=clock)
        upgrade(values["database_url"], DEFAULT.name)
        process = open_process(settings_class(DEFAULT.name)(**values))
        try:
            yield process
        finally:
            process.database.close()


def _lock_folder(data: Path, in_use: str) -> TextIO:
    lock = (data / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.close()
        raise Conflict(in_use, code="folder-in-use") from error
    return lock


def _claim_folder(data: Path, mode: str) -> TextIO:
    """Lock the folder for this process and store its mode, "demo" or "system".

    Raises Conflict if another process uses the folder or if it has the other mode.
    """
    data.mkdir(parents=True, exist_ok=True)
    lock = _lock_folder(data, f"数据目录 {data} 正被另一个进程使用,请先停止它。")
    mode_file = data / "mode"
    if mode_file.exists() and mode_file.read_text() != mode:
        raise Conflict(
            f"数据目录 {data} 属于另一种运行方式({mode_file.read_text()}),请另选目录。", code="folder-of-other-mode"
        )
    mode_file.write_text(mode)
    return lock
