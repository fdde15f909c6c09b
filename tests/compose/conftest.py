"""Fixtures of this folder: compose commands, the parsed configuration, and an installation in containers."""

import json
import subprocess
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from services.demo.player.clients import Stage
from shared.wiring.registry import SERVICES
from tests.compose.containers import OPEN, ContainerInstallation, container_installation
from tests.faults.opening import open_for_filing
from tests.journeys.installations import RunningInstallation
from tests.servers import containers

Compose = Callable[..., subprocess.CompletedProcess[str]]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the engine's view of the running installations to a failure report; they are removed after the test."""
    report = yield
    if report.failed:
        report.sections += [("Containers", installation.troubles()) for installation in OPEN]
    return report


@pytest.fixture(scope="session")
def compose() -> Compose:
    """Return a function that runs compose on docker-compose.yml with an environment file. Needs no engine."""
    command = containers.compose_command()
    if command is None:
        pytest.skip("neither `docker compose` nor a docker-compose binary answers")

    def run(environment: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        full = [*command.split(), "--env-file", str(environment), "-f", containers.COMPOSE_FILES[0], *arguments]
        return subprocess.run(full, capture_output=True, text=True, check=False)

    return run


@pytest.fixture(scope="session")
def services(compose: Compose) -> dict[str, dict[str, Any]]:
    """The services by name, with all values of a new .env filled in."""
    with containers.environment_file() as (environment, _):
        outcome = compose(environment, "config", "--format", "json")
    assert outcome.returncode == 0, outcome.stderr
    found: dict[str, dict[str, Any]] = json.loads(outcome.stdout)["services"]
    return found


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ContainerInstallation]:
    """A healthy installation in containers on the system's clock, with metrics."""
    with container_installation(
        tmp_path_factory.mktemp("installation"), LINGJUN_METRICS_LISTEN="0.0.0.0:9464"
    ) as running:
        yield running


@pytest.fixture(scope="session")
def stage(installation: ContainerInstallation) -> Stage:
    """The client side of the installation: accounts, a programme that is open now, and the platform's API key."""
    addresses = dict.fromkeys(SERVICES, installation.address)
    return open_for_filing(RunningInstallation(addresses, installation.mail, installation.first_link(), processes={}))
