"""Each command reaches its implementation with the values of its options, and returns its exit code."""

import json
import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, inspect

from services import loading
from services.billing.settings import BillingSettings
from services.billing.worker import make_jobs, run_due
from services.cli import main
from services.portal.bus import make_bus
from services.portal.web import make_app
from services.standalone import StandaloneServer
from tests.cli.conftest import Run
from tests.cli.running import ROOT, lingjun, settings_of
from tests.servers.processes import free_port


class Called:
    """Stands in for a function that takes minutes or waits for a signal, and notes its arguments."""

    def __init__(self, outcome: int | BaseException = 0) -> None:
        self.outcome = outcome
        self.arguments: tuple[Any, ...] = ()
        self.options: dict[str, Any] = {}

    def __call__(self, *arguments: Any, **options: Any) -> int:
        self.arguments, self.options = arguments, options
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        return self.outcome


def with_replaced(
    monkeypatch: pytest.MonkeyPatch, command: str, replaced: str, outcome: int | BaseException = 0
) -> Called:
    """Run a command in this process with one function replaced; its exit code must be the function's."""
    called = Called(outcome)
    module, _, name = replaced.rpartition(".")
    monkeypatch.setattr(loading.load(module), name, called)
    monkeypatch.setattr(sys, "argv", ["lingjun", *command.split()])
    assert main() == (outcome if isinstance(outcome, int) else 2)
    return called


def test_migrate_creates_the_tables_of_a_service_and_can_be_repeated(run: Run, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/portal.db"
    for _ in range(2):
        assert run("migrate", "portal", settings={"LINGJUN_DATABASE_URL": url})[:2] == (0, "")
    engine = create_engine(url)
    assert {"occurrence", "outbox", "audit"} <= set(inspect(engine).get_table_names())
    engine.dispose()


def test_declare_topology_declares_everything_and_can_be_repeated(run: Run, rabbitmq_url: str) -> None:
    for _ in range(2):
        assert run("declare-topology", settings={"LINGJUN_BROKER_URL": rabbitmq_url}) == (0, "", "")


def test_replay_and_rebuild_work_on_the_folder_of_a_stopped_demo(run: Run, tmp_path: Path) -> None:
    server = StandaloneServer(tmp_path / "demo", port=1, starts_at=datetime.fromisoformat("2021-08-01T09:00:00+08:00"))
    server.close()
    data = ("--data", str(tmp_path / "demo"))
    assert run("replay", "--list", *data) == (0, "       0  in all\n", "")
    code, output, _ = run("rebuild-timeline", *data)
    assert (code, output) == (0, "heard 0, not handled 0\n")


def test_replay_and_first_account_work_on_the_servers_of_the_settings(run: Run, tmp_path: Path) -> None:
    settings = settings_of("portal", tmp_path)
    assert run("migrate", "portal", settings=settings)[0] == 0
    assert run("replay", "--list", settings=settings) == (0, "       0  in all\n", "")
    assert run("first-account", settings=settings)[1].startswith("/welcome/")


def test_run_serves_until_ctrl_c_without_a_word_on_standard_error(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "services", "run", "--data", str(tmp_path / "data"), "--port", str(free_port())]
    process = subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert any("/welcome/" in line for line in iter(process.stdout.readline, ""))
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60) == ("", "")
    assert process.returncode == 0


def test_simulate_plays_worlds() -> None:
    code, output, _ = lingjun("simulate", "--worlds", "1", "--first", "3")
    assert code == 0
    assert "1 worlds in " in output


def test_simulate_repeats_one_seed_or_plays_a_range(monkeypatch: pytest.MonkeyPatch) -> None:
    replaced = "tests.simulation.command.simulate"
    assert list(with_replaced(monkeypatch, "simulate --worlds 3 --first 5", replaced).arguments[0]) == [5, 6, 7]
    assert list(with_replaced(monkeypatch, "simulate --seed 0", replaced, 1).arguments[0]) == [0]
    assert len(with_replaced(monkeypatch, "simulate", replaced).arguments[0]) == 200


def test_faults_passes_its_options(monkeypatch: pytest.MonkeyPatch) -> None:
    replaced = "tests.faults.command.inject_faults"
    assert with_replaced(monkeypatch, "faults", replaced).options == {
        "minutes": 2.0, "seed": None, "beforehand": False, "rate": None, "folder": None,
    }  # fmt: skip
    command = "faults --minutes 10 --seed 5 --beforehand --rate 40 --folder logs"
    assert with_replaced(monkeypatch, command, replaced, 1).options == {
        "minutes": 10.0, "seed": 5, "beforehand": True, "rate": 40.0, "folder": Path("logs"),
    }  # fmt: skip


def test_bench_passes_its_options(monkeypatch: pytest.MonkeyPatch) -> None:
    replaced = "benchmarks.command.measure"
    assert with_replaced(monkeypatch, "bench", replaced).options == {
        "rounds": 3,
        "seconds": 3.0,
        "events": 5000,
        "only": [],
    }
    command = "bench --rounds 1 --seconds 0.5 --events 20 --only relay --only accept"
    assert with_replaced(monkeypatch, command, replaced).options == {
        "rounds": 1, "seconds": 0.5, "events": 20, "only": ["relay", "accept"],
    }  # fmt: skip


def test_demo_passes_its_options(monkeypatch: pytest.MonkeyPatch) -> None:
    replaced = "services.demo.command.demo"
    called = with_replaced(monkeypatch, "demo", replaced)
    assert called.arguments == (Path("var/demo"),)
    assert called.options == {"port": 8000, "seed": 1, "ends": False, "resume": False}
    called = with_replaced(monkeypatch, "demo --data d --port 81 --seed 2 --exit --resume", replaced, 1)
    assert called.arguments == (Path("d"),)
    assert called.options == {"port": 81, "seed": 2, "ends": True, "resume": True}


def test_new_migration_writes_for_a_service_or_the_infrastructure(monkeypatch: pytest.MonkeyPatch) -> None:
    for service in ("intake", "shared"):
        called = with_replaced(monkeypatch, f"new migration {service} why", "shared.persistence.schema.autogenerate")
        assert called.arguments == (service, "why")


@pytest.fixture
def billing_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Set billing's settings in this process; return its database URL."""
    settings = settings_of("billing", tmp_path)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return settings["LINGJUN_DATABASE_URL"]


def test_worker_serves_the_jobs_of_the_service_that_is_named(
    monkeypatch: pytest.MonkeyPatch, billing_settings: str
) -> None:
    settings, *functions = with_replaced(monkeypatch, "worker billing", "shared.runtime.serve.serve_worker").arguments
    assert isinstance(settings, BillingSettings)
    assert settings.database_url == billing_settings
    assert functions == [make_jobs, run_due]


def test_web_and_bus_serve_the_service_that_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in settings_of("portal", tmp_path).items():
        monkeypatch.setenv(name, value)
    assert with_replaced(monkeypatch, "web portal", "shared.runtime.serve.serve_web").arguments[1] is make_app
    assert with_replaced(monkeypatch, "bus portal", "shared.runtime.serve.serve_bus").arguments[1] is make_bus


def test_a_failed_replay_has_the_exit_code_1_and_a_broker_that_is_away_2_in_one_line(
    own_logging: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    StandaloneServer(tmp_path / "data", port=1).close()
    replaced, command = "services.portal.replay.replay", f"replay --data {tmp_path / 'data'}"
    options = with_replaced(monkeypatch, f"{command} --queue q --type t --reason r --all --list", replaced, 1).options
    assert json.dumps(options) == json.dumps(
        {"queue": "q", "kind": "t", "reason": "r", "everything": True, "only_list": True}
    )
    with_replaced(monkeypatch, command, replaced, ConnectionError("away\nand gone"))
    assert capsys.readouterr().err == "lingjun: away and gone\n"


def test_ctrl_c_ends_a_command_quietly(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(loading.load("tests.simulation.command"), "simulate", Called(KeyboardInterrupt()))
    monkeypatch.setattr(sys, "argv", ["lingjun", "simulate"])
    assert main() == 130
    assert capsys.readouterr() == ("", "")
