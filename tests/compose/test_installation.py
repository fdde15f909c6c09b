"""docker-compose.yml in containers: the 2021 programme through the gateway, then one fault after another.

Needs an engine and the images: `make compose-test` provides both.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from services.demo.player.clients import Stage
from services.demo.player.office import invented_password
from services.demo.player.play import play, summary
from services.demo.staff import staff
from shared.wiring.registry import SERVICES
from tests.compose.containers import ContainerInstallation, container_installation

pytestmark = pytest.mark.compose


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ContainerInstallation]:
    """A separate installation as a demo: its clock travels through the dates of the programme."""
    with container_installation(tmp_path_factory.mktemp("demo"), "docker-compose.demo.yml") as running:
        yield running


@pytest.fixture(scope="module")
def stage(installation: ContainerInstallation) -> Stage:
    """The player's clients, all through the gateway, after the programme has been played."""
    passwords = {member.account: invented_password() for member in staff()}
    stage = Stage(dict.fromkeys(SERVICES, installation.address), passwords, installation.mail)
    lines = play(
        stage,
        seed=1,
        first_link=installation.first_link(),
        notes=installation.folder / "key",
        console=Console(quiet=True),
    )
    assert len(lines) >= 20
    assert failed(lines) == []
    return stage


def failed(lines: list) -> list[str]:
    return [line.text for line in lines if not line.holds]


def test_every_process_is_healthy_and_only_the_gateway_has_a_port(installation: ContainerInstallation) -> None:
    state = installation.state()
    running = {name: container["Health"] for name, container in state.items() if container["State"] == "running"}
    assert len(running) == 20
    assert set(running.values()) == {"healthy"}
    published = {
        name
        for name, container in state.items()
        if any(port["PublishedPort"] for port in container["Publishers"] or [])
    }
    assert published == {"gateway"}


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_holds_only_its_own_service_and_no_compiler(installation: ContainerInstallation, service: str) -> None:
    listed = installation.compose("exec", "-T", f"{service}-web", "ls", "/app/services").split()
    assert {name for name in listed if not name.startswith("__")} == {service, "cli", "loading.py"}
    found = installation.compose("exec", "-T", f"{service}-web", "sh", "-c", "command -v gcc cc c++ rustc || echo none")
    assert found.strip() == "none"


def test_a_process_is_not_root_and_cannot_write_into_its_image(installation: ContainerInstallation) -> None:
    probe = "id -u; touch /app/probe 2>/dev/null && echo written || echo refused"
    assert installation.compose("exec", "-T", "intake-web", "sh", "-c", probe).split() == ["10001", "refused"]


def test_the_sandbox_reaches_no_network_no_file_of_others_and_no_process(installation: ContainerInstallation) -> None:
    def inside(code: str) -> str:
        # Standard output is a pipe to the engine: a confined process may write to it.
        return installation.compose("exec", "-T", "sandbox", "python", "-c", code).strip()

    probe = "import os; from shared.sandbox import confinement as c; c.confine(); os.write(1, repr(c.holes()).encode())"
    assert inside(probe) == "[]"
    assert "LINGJUN" not in inside("import os; print(*os.environ)")
    assert inside("import os; print(os.listdir('/var/lib/lingjun/keys/identity'))") == "[]"
    connect = "import socket\ntry: socket.create_connection(('rabbitmq', 5672), 3)\nexcept OSError: print('refused')"
    assert inside(connect) == "refused"


def test_the_programme_runs_through_the_gateway_and_every_line_reconciles(stage: Stage) -> None:
    assert stage.infrastructure()["portal"]["outbox"] == 0


@pytest.mark.parametrize("server", ["rabbitmq", "postgres"])
def test_a_server_restart_loses_and_repeats_nothing(
    installation: ContainerInstallation, stage: Stage, server: str
) -> None:
    installation.compose("restart", server)
    installation.up()
    stage.people.clear()
    assert failed(summary(stage)) == []


def test_a_killed_bus_is_restarted(installation: ContainerInstallation, stage: Stage) -> None:
    before = installation.container_of("review-bus")["StartedAt"]
    installation.kill_inside("review-bus")
    installation.up()
    assert installation.container_of("review-bus")["StartedAt"] != before
    assert failed(summary(stage)) == []


def test_workers_buses_and_web_servers_scale(installation: ContainerInstallation, stage: Stage) -> None:
    scales = ("review-worker=3", "review-bus=2", "review-web=2")
    options = [part for scale in scales for part in ("--scale", scale)]
    installation.up(*options)
    assert failed(summary(stage)) == []
    installation.up()


def test_a_backup_restores_a_lost_database_and_lost_scans(installation: ContainerInstallation, stage: Stage) -> None:
    installation.script("backup.sh", installation.folder / "backup")
    installation.compose(
        "exec",
        "-T",
        "postgres",
        "psql",
        "-U",
        "postgres",
        "-d",
        "billing",
        "-c",
        "SET session_replication_role = replica; TRUNCATE audit, outbox, job",
    )
    installation.compose("exec", "-T", "intake-web", "find", "/var/lib/lingjun/files", "-type", "f", "-delete")
    assert failed(summary(stage)) != []
    installation.script("restore.sh", installation.folder / "backup")
    stage.people.clear()
    assert failed(summary(stage)) == []
    scans = installation.compose("exec", "-T", "intake-web", "find", "/var/lib/lingjun/files", "-type", "f").split()
    assert len(scans) > 100


def test_a_folder_without_a_backup_is_rejected_before_anything_stops(
    installation: ContainerInstallation, tmp_path: Path
) -> None:
    with pytest.raises(AssertionError, match=r"intake\.dump is missing"):
        installation.script("restore.sh", tmp_path)
    assert installation.state()["gateway"]["Health"] == "healthy"


def test_the_mail_folder_holds_the_sent_mail(installation: ContainerInstallation, stage: Stage) -> None:
    assert len(stage.sent_mails()) > 100
    assert Path(installation.mail).is_dir()
