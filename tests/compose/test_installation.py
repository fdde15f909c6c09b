"""The house of docker-compose.yml in containers: the 2021 programme through the gateway, then one fault after another.

Needs an engine and the images: `make compose-test` brings both.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from services.demo.player.clients import SERVICES, Stage
from services.demo.player.office import invented_password
from services.demo.player.play import play, summary
from services.demo.staff import staff
from tests.compose.containers import ContainerInstallation, container_house

pytestmark = pytest.mark.compose


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ContainerInstallation]:
    """A house of its own, as a demo: its clock travels through the programme's dates."""
    with container_house(tmp_path_factory.mktemp("demo"), "docker-compose.demo.yml") as running:
        yield running


@pytest.fixture(scope="module")
def stage(house: ContainerInstallation) -> Stage:
    """The player's doors: all services by the one address of the gateway, after the programme has been played."""
    passwords = {one.account: invented_password() for one in staff()}
    stage = Stage(dict.fromkeys(SERVICES, house.address), passwords, house.mail)
    lines = play(stage, seed=1, first_link=house.first_link(), notes=house.folder / "key", console=Console(quiet=True))
    assert len(lines) >= 20
    assert red(lines) == []
    return stage


def red(lines: list) -> list[str]:
    return [line.text for line in lines if not line.holds]


def test_every_process_is_healthy_and_only_the_gateway_has_a_port(house: ContainerInstallation) -> None:
    state = house.state()
    running = {name: one["Health"] for name, one in state.items() if one["State"] == "running"}
    assert len(running) == 19
    assert set(running.values()) == {"healthy"}
    published = {name for name, one in state.items() if any(port["PublishedPort"] for port in one["Publishers"] or [])}
    assert published == {"gateway"}


@pytest.mark.parametrize("service", ["intake", "review", "scheduling", "billing", "portal"])
def test_an_image_holds_its_own_service_and_no_compiler(house: ContainerInstallation, service: str) -> None:
    listed = house.compose("exec", "-T", f"{service}-web", "ls", "/app/services").split()
    assert [name for name in listed if not name.startswith("__")] == [service]
    found = house.compose("exec", "-T", f"{service}-web", "sh", "-c", "command -v gcc cc c++ rustc || echo none")
    assert found.strip() == "none"


def test_a_process_is_not_root_and_cannot_write_into_its_image(house: ContainerInstallation) -> None:
    probe = "id -u; touch /app/probe 2>/dev/null && echo written || echo refused"
    assert house.compose("exec", "-T", "intake-web", "sh", "-c", probe).split() == ["10001", "refused"]


def test_the_programme_runs_through_the_gateway_and_every_line_reconciles(stage: Stage) -> None:
    assert stage.infrastructure()["portal"]["outbox"] == 0


@pytest.mark.parametrize("server", ["rabbitmq", "postgres"])
def test_a_server_that_restarts_loses_and_doubles_nothing(
    house: ContainerInstallation, stage: Stage, server: str
) -> None:
    house.compose("restart", server)
    house.up()
    stage.people.clear()
    assert red(summary(stage)) == []


def test_a_bus_that_is_killed_comes_back(house: ContainerInstallation, stage: Stage) -> None:
    before = house.container_of("review-bus")["StartedAt"]
    house.kill_inside("review-bus")
    house.up()
    assert house.container_of("review-bus")["StartedAt"] != before
    assert red(summary(stage)) == []


def test_workers_buses_and_web_servers_scale(house: ContainerInstallation, stage: Stage) -> None:
    scales = ("review-worker=3", "review-bus=2", "review-web=2")
    options = [part for scale in scales for part in ("--scale", scale)]
    house.up(*options)
    assert red(summary(stage)) == []
    house.up()


def test_a_backup_brings_back_a_database_and_scans_that_were_lost(house: ContainerInstallation, stage: Stage) -> None:
    house.script("backup.sh", house.folder / "backup")
    house.compose(
        "exec", "-T", "postgres", "psql", "-U", "postgres", "-d", "billing", "-c", "TRUNCATE audit, outbox, job"
    )
    house.compose("exec", "-T", "intake-web", "find", "/var/lib/lingjun/files", "-type", "f", "-delete")
    assert red(summary(stage)) != []
    house.script("restore.sh", house.folder / "backup")
    stage.people.clear()
    assert red(summary(stage)) == []
    scans = house.compose("exec", "-T", "intake-web", "find", "/var/lib/lingjun/files", "-type", "f").split()
    assert len(scans) > 100


def test_a_folder_that_is_no_backup_is_refused_before_anything_is_closed(
    house: ContainerInstallation, tmp_path: Path
) -> None:
    with pytest.raises(AssertionError, match=r"intake\.dump is missing"):
        house.script("restore.sh", tmp_path)
    assert house.state()["gateway"]["Health"] == "healthy"


def test_the_mail_folder_holds_what_was_sent(house: ContainerInstallation, stage: Stage) -> None:
    assert len(stage.letters()) > 100
    assert Path(house.mail).is_dir()
