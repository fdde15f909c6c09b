"""The servers of docker-compose.yml as containers for a test run, by pytest-docker, each on a free loopback port.

Called by the keeper, where a Docker engine answers and has the images, and by tests/compose/.
"""

import functools
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pytest_docker.plugin import get_docker_services

from tests.servers.address import Address

ROOT = Path(__file__).resolve().parents[2]
COMPOSE_FILES = [str(ROOT / "docker-compose.yml"), str(ROOT / "tests/compose/servers.yml")]
# service: (port, management port, administrator, the variable of .env that holds the password)
SERVICES = {
    "rabbitmq": (5672, 15672, "lingjun", "LINGJUN_BROKER_PASSWORD"),
    "postgres": (5432, 0, "postgres", "LINGJUN_POSTGRES_PASSWORD"),
    "redis": (6379, 0, "default", "LINGJUN_REDIS_PASSWORD"),
}


@functools.cache
def engine_answers() -> bool:
    """Return whether a Docker engine answers; an installed client is not enough."""
    return _succeeds(["docker", "info"])


@functools.cache
def compose_command() -> str | None:
    """Return `docker compose` or a `docker-compose` binary, the first that works; None if neither does."""
    beside_python = Path(sys.executable).with_name("docker-compose")
    candidates = ("docker compose", "docker-compose", str(beside_python))
    return next((command for command in candidates if _succeeds([*command.split(), "version"])), None)


@functools.cache
def images_ready() -> bool:
    """Return whether the three servers can run as containers without pulling an image."""
    if compose_command() is None or not engine_answers():
        return False
    with environment_file() as (path, _):
        listed = _compose(path, "config", "--images", *SERVICES).stdout.split()
    return bool(listed) and all(_succeeds(["docker", "image", "inspect", image]) for image in listed)


def pull_images() -> None:
    """Pull the servers' images. If no registry can be reached, the tests use private instances instead."""
    if compose_command() is None:
        return
    with environment_file() as (path, _):
        _compose(path, "pull", "--quiet", *SERVICES)
    images_ready.cache_clear()


@contextmanager
def container(service: str) -> Iterator[Address]:
    """Run one server of docker-compose.yml in a separate project; remove it with its volumes at the end."""
    port, management_port, user, password_variable = SERVICES[service]
    project = f"lingjun-test-{service}-{os.getpid()}"
    with environment_file() as (path, values), ExitStack() as stack:
        # pytest-docker removes nothing when the start itself fails.
        stack.callback(_compose, path, "--project-name", project, "down", "--volumes", "--timeout", "0")
        command = f"{compose_command()} --env-file {path}"
        start = [f"up --detach --wait --no-build {service}"]
        services = stack.enter_context(get_docker_services(command, COMPOSE_FILES, project, start, []))
        management = services.port_for(service, management_port) if management_port else 0
        yield Address("container", services.port_for(service, port), user, values[password_variable], management)


@contextmanager
def environment_file(**overrides: str) -> Iterator[tuple[Path, dict[str, str]]]:
    """Yield a .env for one run: .env.example with a random secret for each empty value, and `overrides`."""
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    pairs = re.findall(r"^([A-Z0-9_]+)=(.*)$", example, re.MULTILINE)
    values = {name: value or secrets.token_hex(16) for name, value in pairs} | overrides
    with tempfile.TemporaryDirectory(prefix="lingjun-env-") as directory:
        path = Path(directory) / "env"
        path.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
        yield path, values


def _compose(environment: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    files = [part for file in COMPOSE_FILES for part in ("-f", file)]
    command = [*(compose_command() or "").split(), "--env-file", str(environment), *files, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _succeeds(command: list[str]) -> bool:
    if shutil.which(command[0]) is None:
        return False
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
