"""A whole installation in containers for a test run: docker-compose.yml with another port and project name.

Used by the tests of this folder that need an engine.
"""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from pytest_docker.plugin import get_docker_services

from tests.servers import containers
from tests.servers.processes import free_port

FILES = ("docker-compose.yml", "tests/compose/installation.yml")
OPEN: "list[ContainerInstallation]" = []
"""The running installations, for the report of a failed test."""


@dataclass(frozen=True)
class ContainerInstallation:
    """The gateway's address, the compose command of this project, and the values of its .env."""

    address: str
    folder: Path
    command: tuple[str, ...]
    values: Mapping[str, str]

    @property
    def mail(self) -> Path:
        """The folder of sent mail."""
        return self.folder / "mail"

    def compose(self, *arguments: str) -> str:
        """Run a compose command and return its output; fail the test with its error output."""
        done = self.attempt(*arguments)
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    def attempt(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a compose command that may fail."""
        return subprocess.run([*self.command, *arguments], capture_output=True, text=True, check=False)

    def up(self, *options: str) -> None:
        """Start all containers again and wait until they are healthy."""
        self.compose("up", "--detach", "--wait", "--no-build", *options)

    def with_file(self, name: str, **values: str) -> "ContainerInstallation":
        """Return the same installation with one more compose file and more values."""
        known = {**self.values, **values}
        path = self.folder / f"{name}.env"
        path.write_text("".join(f"{key}={value}\n" for key, value in known.items()))
        at = self.command.index("--env-file") + 1
        command = (*self.command[:at], str(path), *self.command[at + 1 :], "-f", str(containers.ROOT / name))
        return replace(self, command=command, values=known)

    def ip(self, service: str) -> str:
        """Return the address of a service's container on the network back; the engine's host can reach it."""
        identity = self.compose("ps", "--quiet", service).split()[0]
        inspected = json.loads(subprocess.check_output(["docker", "inspect", identity]))[0]
        networks = inspected["NetworkSettings"]["Networks"].items()
        return next(str(network["IPAddress"]) for name, network in networks if name.endswith("_back"))

    def database_url(self, service: str) -> str:
        """Return the URL of a service's database, with the service's user."""
        password = self.values[f"LINGJUN_{service.upper()}_DATABASE_PASSWORD"]
        return f"postgresql+psycopg://{service}:{password}@{self.ip('postgres')}:5432/{service}"

    def broker_url(self, user: str) -> str:
        """Return the URL of the broker, with one of its users."""
        variable = "LINGJUN_BROKER_PASSWORD" if user == "lingjun" else f"LINGJUN_{user.upper()}_BROKER_PASSWORD"
        return f"amqp://{user}:{self.values[variable]}@{self.ip('rabbitmq')}:5672/lingjun"

    def script(self, name: str, folder: Path) -> None:
        """Run backup.sh or restore.sh on this project; fail the test with its error output."""
        environment = os.environ | {"COMPOSE": " ".join(self.command)}
        command = [containers.ROOT / "deploy" / name, folder]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-3000:]

    def state(self) -> dict[str, dict[str, Any]]:
        """Return the output of `compose ps` by service."""
        lines = self.compose("ps", "--all", "--format", "json").splitlines()
        return {container["Service"]: container for container in map(json.loads, lines)}

    def container_of(self, service: str) -> dict[str, Any]:
        """Return the state of a service's container, as the engine reports it."""
        identity = self.compose("ps", "--quiet", service).strip()
        inspected = subprocess.run(["docker", "inspect", identity], capture_output=True, text=True, check=True)
        state: dict[str, Any] = json.loads(inspected.stdout)[0]["State"]
        return state

    def kill_inside(self, service: str) -> None:
        """Kill the process like a crash: the engine applies its restart policy, which `docker kill` would disable."""
        os.kill(int(self.container_of(service)["Pid"]), 9)

    def troubles(self) -> str:
        """Return the containers that are unhealthy or were restarted, and the last log lines of the gateway."""
        identities = self.attempt("ps", "--all", "--quiet").stdout.split()
        inspected = subprocess.run(
            ["docker", "inspect", *identities], capture_output=True, text=True, check=False
        ).stdout
        lines = [
            f"{container['Name']}: {container['State']['Status']} {container['State'].get('Health', {}).get('Status', '')}, "
            f"restarted {container['RestartCount']} times"
            for container in json.loads(inspected or "[]")
            if container["RestartCount"] or container["State"].get("Health", {}).get("Status") == "unhealthy"
        ]
        return "\n".join([*lines, self.attempt("logs", "--no-color", "--tail", "10", "gateway").stdout])

    def first_link(self) -> str:
        """Return the one-time link with which the first administrator sets a password."""
        return self.compose("exec", "-T", "portal-web", "lingjun", "first-account").strip()


@contextmanager
def container_installation(folder: Path, *more: str, start: str = "", **values: str) -> Iterator[ContainerInstallation]:
    """Start an installation, with `more` compose files, or only the service `start`; wait until it is healthy.

    Remove it with its volumes at the end.
    """
    if containers.compose_command() is None or not containers.engine_answers():
        pytest.skip("no Docker engine answers: make compose-test starts one (as root on Debian)")
    port, project = free_port(), f"lingjun-test-{folder.name}-{os.getpid()}"
    (folder / "mail").mkdir()
    # The containers' user writes here; only the owner may enter the parent folder.
    (folder / "mail").chmod(0o777)
    defaults = {
        "LINGJUN_GATEWAY_ADDRESS": f"127.0.0.1:{port}",
        "LINGJUN_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "LINGJUN_FONTS": str(containers.ROOT / "deploy/fonts"),
        "LINGJUN_CERTIFICATES": str(containers.ROOT / "deploy/certificates"),
        "LINGJUN_TEST_MAIL": str(folder / "mail"),
    }
    with containers.environment_file(**defaults | values) as (path, known), ExitStack() as stack:
        command = [*str(containers.compose_command()).split(), "--env-file", str(path), "--project-name", project]
        names = [str(containers.ROOT / name) for name in (*FILES, *more)]
        files = [part for name in names for part in ("-f", name)]
        installation = ContainerInstallation(f"http://127.0.0.1:{port}", folder, (*command, *files), known)
        # pytest-docker removes nothing when the start itself fails.
        stack.callback(installation.compose, "down", "--volumes", "--timeout", "1")
        up = [f"up --detach --wait --no-build {start}".strip()]
        stack.enter_context(get_docker_services(" ".join(command), names, project, up, []))
        OPEN.append(installation)
        stack.callback(OPEN.remove, installation)
        yield installation
