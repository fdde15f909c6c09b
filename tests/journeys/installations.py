"""A whole house for a journey: embedded in one process, or every process of it on real servers. Ended with the block."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import httpx

from services.demo.player.clients import SERVICES, Stage
from services.demo.player.office import invented_password
from services.demo.staff import staff
from shared.foundation.clock import TravellingClock
from shared.persistence.schema import upgrade

ROOT = Path(__file__).parents[2]
OPEN_SECONDS = 240


@dataclass
class RunningInstallation:
    """Where the services answer, what they were started as, and how the first account is made."""

    addresses: dict[str, str]
    mail: Path
    first_link: str
    processes: dict[str, "subprocess.Popen[str]"]

    def stage(self) -> Stage:
        """A stage for the player, with fresh passwords for everybody."""
        return Stage(self.addresses, {one.account: invented_password() for one in staff()}, self.mail)

    def kill(self, name: str) -> None:
        """Kills a process at once, as a power cut would."""
        self.processes[name].kill()
        self.processes[name].wait(30)


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_embedded(folder: Path, port: int, starts_at: datetime | None) -> RunningInstallation:
    """An embedded house over `folder`, a demo unless `starts_at` is None; the same folder again goes on where it was."""
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
    return RunningInstallation(dict.fromkeys(SERVICES, address), folder / "mail", link, {"house": process})


@contextmanager
def standalone_server(folder: Path, starts_at: datetime) -> Iterator[RunningInstallation]:
    """The default column: SQLite, the embedded bus, one process."""
    installation = start_embedded(folder, free_port(), starts_at)
    try:
        yield installation
    finally:
        stop(installation)


@contextmanager
def servers_installation(
    folder: Path, starts_at: datetime, *, broker_url: str, redis_url: str, database: Callable[[str], str]
) -> Iterator[RunningInstallation]:
    """The other column: PostgreSQL, RabbitMQ, Redis, and web, bus and worker of each service as processes of their own."""
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
                command = [sys.executable, "-m", f"services.{name}.{part}"]
                installation.processes[key] = _start(command, environment, folder / f"{key}.log")
        await_open(installation)
        yield installation
    finally:
        stop(installation)


def environment_of(
    installation: RunningInstallation, name: str, folder: Path, *, database_url: str, broker_url: str, redis_url: str
) -> dict[str, str]:
    """What the three processes of a service are told, on servers and by the system's clock; files, keys and mail lie below
    `folder`."""
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
    """The one-time link by which the first administrator sets a password, as the portal's console prints it."""
    asked = [sys.executable, "-m", "services.portal.web", "--first-account"]
    told = subprocess.run(asked, env=os.environ | environment, cwd=ROOT, text=True, stdout=subprocess.PIPE, check=True)
    return told.stdout.strip()


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
    """Waits until every service answers that it is ready."""
    ends = time.monotonic() + OPEN_SECONDS
    for name, address in installation.addresses.items():
        path = f"{address}{'' if name == 'portal' else '/' + name}/readyz"
        while time.monotonic() < ends:
            try:
                if httpx.get(path, timeout=5).status_code == 200:
                    break
            except httpx.TransportError:
                time.sleep(0.1)
        else:
            raise AssertionError(f"{name} did not open")


def stop(installation: RunningInstallation) -> None:
    """Ends every process, politely, then at once."""
    for process in installation.processes.values():
        process.send_signal(signal.SIGTERM)
    for process in installation.processes.values():
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(20)
