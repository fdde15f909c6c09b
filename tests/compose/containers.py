"""A whole house in containers for a test run: docker-compose.yml as it is, but for the port and the project's name.

Called by the tests of this folder that need an engine.
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
"""The houses that are up, for the report of a test that failed."""


@dataclass(frozen=True)
class ContainerInstallation:
    """Where the gateway answers, compose for this project, and the values of its .env."""

    address: str
    folder: Path
    command: tuple[str, ...]
    values: Mapping[str, str]

    @property
    def mail(self) -> Path:
        """The folder of sent messages."""
        return self.folder / "mail"

    def compose(self, *arguments: str) -> str:
        """What a compose command printed; fails the test with its complaint."""
        done = self.attempt(*arguments)
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    def attempt(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A compose command that may fail."""
        return subprocess.run([*self.command, *arguments], capture_output=True, text=True, check=False)

    def up(self, *options: str) -> None:
        """Brings everything up again and waits until it is healthy."""
        self.compose("up", "--detach", "--wait", "--no-build", *options)

    def with_file(self, name: str, **values: str) -> "ContainerInstallation":
        """The same house with one more compose file, and more values for it."""
        known = {**self.values, **values}
        path = self.folder / f"{name}.env"
        path.write_text("".join(f"{key}={value}\n" for key, value in known.items()))
        at = self.command.index("--env-file") + 1
        command = (*self.command[:at], str(path), *self.command[at + 1 :], "-f", str(containers.ROOT / name))
        return replace(self, command=command, values=known)

    def ip(self, service: str) -> str:
        """The address of a service's container on the network back, which this machine reaches as the engine's host."""
        identity = self.compose("ps", "--quiet", service).split()[0]
        told = json.loads(subprocess.check_output(["docker", "inspect", identity]))[0]["NetworkSettings"]["Networks"]
        return next(str(one["IPAddress"]) for name, one in told.items() if name.endswith("_back"))

    def database_url(self, service: str) -> str:
        """A service's database, as that service."""
        password = self.values[f"LINGJUN_{service.upper()}_DATABASE_PASSWORD"]
        return f"postgresql+psycopg://{service}:{password}@{self.ip('postgres')}:5432/{service}"

    def broker_url(self, user: str) -> str:
        """The broker, as one of its users."""
        variable = "LINGJUN_BROKER_PASSWORD" if user == "lingjun" else f"LINGJUN_{user.upper()}_BROKER_PASSWORD"
        return f"amqp://{user}:{self.values[variable]}@{self.ip('rabbitmq')}:5672/lingjun"

    def script(self, name: str, folder: Path) -> None:
        """Runs backup.sh or restore.sh on this project; fails the test with its complaint."""
        environment = os.environ | {"COMPOSE": " ".join(self.command)}
        command = [containers.ROOT / "deploy" / name, folder]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-3000:]

    def state(self) -> dict[str, dict[str, Any]]:
        """Each service's container as `compose ps` tells it."""
        lines = self.compose("ps", "--all", "--format", "json").splitlines()
        return {one["Service"]: one for one in map(json.loads, lines)}

    def container_of(self, service: str) -> dict[str, Any]:
        """The engine's own account of the state of a service's container."""
        identity = self.compose("ps", "--quiet", service).strip()
        told = subprocess.run(["docker", "inspect", identity], capture_output=True, text=True, check=True)
        state: dict[str, Any] = json.loads(told.stdout)[0]["State"]
        return state

    def kill_inside(self, service: str) -> None:
        """Kills the process as a crash would: the engine then applies its restart policy, which `docker kill` ends."""
        os.kill(int(self.container_of(service)["Pid"]), 9)

    def troubles(self) -> str:
        """What the engine tells of containers that are not well or were started again, and the last words of the gateway."""
        identities = self.attempt("ps", "--all", "--quiet").stdout.split()
        told = subprocess.run(["docker", "inspect", *identities], capture_output=True, text=True, check=False).stdout
        lines = [
            f"{one['Name']}: {one['State']['Status']} {one['State'].get('Health', {}).get('Status', '')}, "
            f"started again {one['RestartCount']} times"
            for one in json.loads(told or "[]")
            if one["RestartCount"] or one["State"].get("Health", {}).get("Status") == "unhealthy"
        ]
        return "\n".join([*lines, self.attempt("logs", "--no-color", "--tail", "10", "gateway").stdout])

    def first_link(self) -> str:
        """The one-time link by which the first administrator sets a password."""
        return self.compose(
            "exec", "-T", "portal-web", "python", "-m", "services.portal.web", "--first-account"
        ).strip()


@contextmanager
def container_installation(folder: Path, *more: str, start: str = "", **values: str) -> Iterator[ContainerInstallation]:
    """Starts the house, with `more` compose files, or only `start` of it, and waits until it is healthy; removed with its
    volumes at the end."""
    if containers.compose_command() is None or not containers.engine_answers():
        pytest.skip("no Docker engine answers: make compose-test starts one (as root on Debian)")
    port, project = free_port(), f"lingjun-test-{folder.name}-{os.getpid()}"
    (folder / "mail").mkdir()
    # The containers' user writes here; the folder above admits its owner alone.
    (folder / "mail").chmod(0o777)
    given = {
        "LINGJUN_GATEWAY_ADDRESS": f"127.0.0.1:{port}",
        "LINGJUN_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "LINGJUN_FONTS": str(containers.ROOT / "deploy/fonts"),
        "LINGJUN_TEST_MAIL": str(folder / "mail"),
    }
    with containers.environment_file(**given | values) as (path, known), ExitStack() as stack:
        command = [*str(containers.compose_command()).split(), "--env-file", str(path), "--project-name", project]
        names = [str(containers.ROOT / name) for name in (*FILES, *more)]
        files = [part for name in names for part in ("-f", name)]
        installation = ContainerInstallation(f"http://127.0.0.1:{port}", folder, (*command, *files), known)
        # Not left to pytest-docker, which removes nothing when the start itself has failed.
        stack.callback(installation.compose, "down", "--volumes", "--timeout", "1")
        up = [f"up --detach --wait --no-build {start}".strip()]
        stack.enter_context(get_docker_services(" ".join(command), names, project, up, []))
        OPEN.append(installation)
        stack.callback(OPEN.remove, installation)
        yield installation
