"""The compose configuration as Docker Compose itself understands it. Used by the tests of this folder."""

import json
import subprocess
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from services.demo.player.clients import SERVICES, Stage
from tests.compose.containers import OPEN, ContainerInstallation, container_installation
from tests.faults.opening import open_doors
from tests.journeys.installations import RunningInstallation
from tests.servers import containers

Compose = Callable[..., subprocess.CompletedProcess[str]]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Adds to a failure what the engine knows of the houses that are up: they are gone when somebody reads it."""
    report = yield
    if report.failed:
        report.sections += [("Containers", installation.troubles()) for installation in OPEN]
    return report


@pytest.fixture(scope="session")
def compose() -> Compose:
    """Runs compose on docker-compose.yml with nothing but the given environment file. Needs no engine."""
    command = containers.compose_command()
    if command is None:
        pytest.skip("neither `docker compose` nor a docker-compose binary answers")

    def run(environment: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        full = [*command.split(), "--env-file", str(environment), "-f", containers.COMPOSE_FILES[0], *arguments]
        return subprocess.run(full, capture_output=True, text=True, check=False)

    return run


@pytest.fixture(scope="session")
def services(compose: Compose) -> dict[str, dict[str, Any]]:
    """The services by name, with every value filled in as from a fresh .env."""
    with containers.environment_file() as (environment, _):
        outcome = compose(environment, "config", "--format", "json")
    assert outcome.returncode == 0, outcome.stderr
    found: dict[str, dict[str, Any]] = json.loads(outcome.stdout)["services"]
    return found


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ContainerInstallation]:
    """A house in containers, up and healthy, on the system's clock, that answers scrapes."""
    with container_installation(tmp_path_factory.mktemp("house"), LINGJUN_METRICS_LISTEN="0.0.0.0:9464") as running:
        yield running


@pytest.fixture(scope="session")
def stage(installation: ContainerInstallation) -> Stage:
    """Its doors: accounts made, a programme open now, the platform's key issued."""
    addresses = dict.fromkeys(SERVICES, installation.address)
    return open_doors(RunningInstallation(addresses, installation.mail, installation.first_link(), processes={}))
