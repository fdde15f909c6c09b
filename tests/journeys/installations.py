"""Starts a whole installation for a test, as a standalone server or as all processes on real servers, and stops it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import httpx

from services.demo.player.clients import Stage
from services.demo.player.office import invented_password
from services.demo.staff import staff
from shared.foundation.clock import TravellingClock
from shared.persistence.schema import upgrade
from shared.wiring.registry import SERVICES
from tests.servers.processes import free_port

ROOT = Path(__file__).parents[2]
OPEN_SECONDS = 240


@dataclass
class RunningInstallation:
    """The services' addresses and processes, the mail folder, and the one-time link of the first account."""

    addresses: dict[str, str]
    mail: Path
    first_link: str
    processes: dict[str, "subprocess.Popen[str]"]

    def stage(self) -> Stage:
        """Return a stage for the player with new passwords for all accounts."""
        return Stage(self.addresses, {account.account: invented_password() for account in staff()}, self.mail)

    def kill(self, name: str) -> None:
        """Kill a process with SIGKILL, as a power cut does."""
        self.processes[name].kill()
        self.processes[name].wait(30)


def start_embedded(folder: Path, port: int, starts_at: datetime | None) -> RunningInstallation:
    """Start a standalone server over `folder`, a demo unless `starts_at` is None. The same folder again resumes it."""
    command = [sys.executable, "-m", "services", "run", "--data", str(folder), "--port", str(port)]
    if starts_at:
        command += ["--demo-from", starts_at.isoformat()]
    process = _start(command, {}, folder.with_suffix(".log"))
    assert process.stdout is not None
    link = ""
    for line in process.stdout:
        if "/welcome/" in line:
            link = "/welcome/" + line.strip().rpartition("/")[2]
        if link or "已就绪" in line:
            break
    else:
        raise AssertionError(folder.with_suffix(".log").read_text()[-3000:])
    address = f"http://127.0.0.1:{port}"
    return RunningInstallation(dict.fromkeys(SERVICES, address), folder / "mail", link, {"server": process})


@contextmanager
def standalone_server(folder: Path, starts_at: datetime) -> Iterator[RunningInstallation]:
    """Run a standalone server until the block ends: SQLite, the embedded bus, one process."""
    installation = start_embedded(folder, free_port(), starts_at)
    try:
        yield installation
    finally:
        stop(installation)


@contextmanager
def servers_installation(
    folder: Path, starts_at: datetime, *, broker_url: str, redis_url: str, database: Callable[[str], str]
) -> Iterator[RunningInstallation]:
    """Run web, bus and worker of each service as separate processes on PostgreSQL, RabbitMQ and Redis."""
    TravellingClock(folder / "clock").set(starts_at)
    ports = {name: free_port() for name in SERVICES}
    installation = RunningInstallation(
        {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}, folder / "mail", "", {}
    )
    try:
        for name in SERVICES:
            environment = environment_of(
                installation, name, folder, database_url=database(name), broker_url=broker_url, redis_url=redis_url
            ) | {"LINGJUN_CLOCK": f"travelling:{folder}/clock"}
            upgrade(environment["LINGJUN_DATABASE_URL"], name)
            if name == "portal":
                installation.first_link = first_link(environment)
            for part in ("web", "bus", "worker"):
                key = f"{name}-{part}"
                command = [sys.executable, "-m", "services", part, name]
                installation.processes[key] = _start(command, environment, folder / f"{key}.log")
        await_open(installation)
        yield installation
    finally:
        stop(installation)


def environment_of(
    installation: RunningInstallation, name: str, folder: Path, *, database_url: str, broker_url: str, redis_url: str
) -> dict[str, str]:
    """Return the environment of a service's three processes on servers, with the system clock.

    Files, keys and mails are below `folder`.
    """
    return {
        "LINGJUN_DATABASE_URL": database_url,
        "LINGJUN_BROKER_URL": broker_url,
        "LINGJUN_REDIS_URL": redis_url,
        "LINGJUN_FILES_URL": f"file://{folder}/files",
        "LINGJUN_MAIL_URL": f"file://{folder}/mail",
        "LINGJUN_KEYS_DIR": f"{folder}/keys",
        "LINGJUN_TOKEN_PUBLIC_KEY_FILE": f"{folder}/keys/token/public.pem",
        "LINGJUN_PUBLIC_URL": installation.addresses["portal"],
        "LINGJUN_LISTEN": installation.addresses[name].removeprefix("http://"),
        "LINGJUN_LOG_LEVEL": "WARNING",
    }


def first_link(environment: dict[str, str]) -> str:
    """Return the one-time link of the first administrator, as the portal's command line prints it."""
    command = [sys.executable, "-m", "services", "first-account"]
    done = subprocess.run(
        command, env=os.environ | environment, cwd=ROOT, text=True, stdout=subprocess.PIPE, check=True
    )
    return done.stdout.strip()


def _start(command: list[str], environment: dict[str, str], log: Path) -> "subprocess.Popen[str]":
    with log.open("a") as errors:
        return subprocess.Popen(
            command,
            env=os.environ | environment,
            cwd=ROOT,
            text=True,
            stdout=subprocess.PIPE if not environment else subprocess.DEVNULL,
            stderr=errors,
        )


def await_open(installation: RunningInstallation) -> None:
    """Wait until every service reports that it is ready. Raises AssertionError after OPEN_SECONDS."""
    ends = time.monotonic() + OPEN_SECONDS
    for name, address in installation.addresses.items():
        path = f"{address}{'' if name == 'portal' else '/' + name}/readyz"
        while time.monotonic() < ends:
            try:
                if httpx.get(path, timeout=5).status_code == 200:
                    break
            except httpx.TransportError:
                pass
            time.sleep(0.1)
        else:
            raise AssertionError(f"{name} did not open")


def stop(installation: RunningInstallation) -> None:
    """Stop every process with SIGTERM, and with SIGKILL after 20 seconds."""
    for process in installation.processes.values():
        process.send_signal(signal.SIGTERM)
    for process in installation.processes.values():
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(20)
