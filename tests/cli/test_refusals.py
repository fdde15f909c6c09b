"""Every refusal of the command line is one line on standard error, with exit code 2."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from services.loading import load
from services.standalone import StandaloneServer
from shared.foundation.errors import NotFound
from shared.wiring.registry import SERVICES
from tests.cli.conftest import line_of
from tests.cli.running import ROOT, lingjun, settings_of
from tests.servers.processes import free_port

SECRET = "a-password-of-many-letters"


Refusal = Callable[..., str]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("", "Missing command. (see lingjun --help"),
        ("new", "Missing command. (see lingjun --help"),
        ("rnu", "No such command 'rnu'. Did you mean 'run'? (see lingjun --help"),
        ("web", "Missing argument 'service'. (see lingjun --help"),
        ("new migration intake", "Missing argument 'message'"),
        ("run --nope", "No such option: --nope (see lingjun --help"),
        ("run --port many", "Invalid value for '--port'"),
        ("run --port 70000", "Invalid value for '--port'"),
        ("run --demo-from soon", "Invalid value for '--demo-from'"),
        ("run --log-level LOUD", "Invalid value for '--log-level'"),
        ("simulate --worlds 0", "Invalid value for '--worlds'"),
        ("bench --rounds 0", "Invalid value for '--rounds'"),
        ("demo --seed one", "Invalid value for '--seed'"),
        ("faults --minutes long", "Invalid value for '--minutes'"),
    ],
)
def test_a_wrong_usage_is_refused_with_a_hint(refusal: Refusal, command: str, expected: str) -> None:
    assert refusal(*command.split()).startswith(expected)


@pytest.mark.parametrize("name", ["payroll", "demo", "shared", "Intake", "../intake", "intake.rules", ""])
@pytest.mark.parametrize("command", ["web", "bus", "worker", "migrate"])
def test_an_unknown_service_is_refused_before_anything_is_imported(refusal: Refusal, command: str, name: str) -> None:
    expected = f"这里没有名为“{name}”的服务，请改为 {'、'.join(sorted(SERVICES))} 之一。"
    assert refusal(command, name) == expected


def test_a_migration_of_an_unknown_service_is_refused(refusal: Refusal) -> None:
    assert refusal("new", "migration", "payroll", "what").startswith("这里没有名为“payroll”的服务")


@pytest.mark.parametrize(
    ("command", "setting"),
    [
        ("web intake", "LINGJUN_REDIS_URL"),
        ("bus review", "LINGJUN_BROKER_URL"),
        ("worker billing", "LINGJUN_FILES_URL"),
        ("migrate intake", "LINGJUN_DATABASE_URL"),
        ("declare-topology", "LINGJUN_BROKER_URL"),
        ("first-account", "LINGJUN_DATABASE_URL"),
    ],
)
def test_missing_settings_are_named(refusal: Refusal, command: str, setting: str) -> None:
    line = refusal(*command.split())
    assert line.startswith("设置有误：")
    assert line.endswith("请对照 .env.example 补齐后再启动。")
    assert f"{setting}（Field required）" in line


@pytest.mark.parametrize("command", ["replay --all", "rebuild-timeline"])
def test_without_settings_a_command_for_both_installations_names_both_ways(refusal: Refusal, command: str) -> None:
    line = refusal(*command.split())
    assert "LINGJUN_DATABASE_URL（Field required）" in line
    assert line.endswith("已停止的单机安装不用这些设置：请用 --data 指定它的数据目录。")


@pytest.mark.parametrize("command", ["replay --all", "rebuild-timeline", "first-account"])
def test_a_database_that_is_away_is_reported_without_its_password(
    refusal: Refusal, command: str, tmp_path: Path
) -> None:
    url = f"postgresql+psycopg://portal:{SECRET}@127.0.0.1:{free_port()}/portal"
    line = refusal(*command.split(), settings=settings_of("portal", tmp_path, database_url=url))
    assert line.startswith("数据库 portal 无法使用（")
    assert "refused" in line
    assert SECRET not in line


def test_a_migration_without_its_database_or_with_a_weak_password_is_refused(refusal: Refusal) -> None:
    address = f"127.0.0.1:{free_port()}/intake"
    line = refusal(
        "migrate", "intake", settings={"LINGJUN_DATABASE_URL": f"postgresql+psycopg://migration:{SECRET}@{address}"}
    )
    assert line.startswith("数据库 intake 无法使用（")
    assert SECRET not in line
    line = refusal(
        "migrate", "intake", settings={"LINGJUN_DATABASE_URL": f"postgresql+psycopg://migration:weak@{address}"}
    )
    assert line.startswith("LINGJUN_DATABASE_URL 里的密码缺失或太短")


def test_a_broker_that_is_away_is_reported_without_its_password(refusal: Refusal) -> None:
    url = f"amqp://lingjun:{SECRET}@127.0.0.1:{free_port()}/lingjun"
    line = refusal("declare-topology", settings={"LINGJUN_BROKER_URL": url})
    assert line.startswith("消息队列无法使用（")
    assert SECRET not in line


def test_a_replay_needs_a_selection(refusal: Refusal, tmp_path: Path) -> None:
    StandaloneServer(tmp_path / "data", port=1).close()
    line = refusal("replay", "--data", str(tmp_path / "data"))
    assert line.startswith("请用 --queue、--type 或 --reason 选择消息")


def test_a_folder_that_is_in_use_or_of_another_kind_is_refused(refusal: Refusal, tmp_path: Path) -> None:
    data = tmp_path / "data"
    for command in ("replay", "rebuild-timeline"):
        assert refusal(command, "--data", str(data)) == f"{data} 不是领军的数据目录。"
    server = StandaloneServer(data, port=1)
    for command in ("replay", "rebuild-timeline"):
        assert refusal(command, "--data", str(data)).startswith("领军正在运行")
    assert "正被另一个进程使用" in refusal("run", "--data", str(data))
    server.close()
    assert "属于另一种运行方式" in refusal("run", "--data", str(data), "--demo-from", "2021-08-01T09:00:00+08:00")
    assert "不是演示数据目录" in refusal("demo", "--data", str(data))


def test_a_row_that_is_not_measured_is_refused(refusal: Refusal) -> None:
    assert refusal("bench", "--only", "nothing").startswith("没有这样的行，请改为 accept-64、")


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A folder with what the portal's image holds: shared, the command line, and one service."""
    (tmp_path / "services").mkdir()
    (tmp_path / "shared").symlink_to(ROOT / "shared")
    for name in ("__init__.py", "__main__.py", "loading.py"):
        shutil.copy(ROOT / "services" / name, tmp_path / "services")
    for name in ("cli", "portal"):
        (tmp_path / "services" / name).symlink_to(ROOT / "services" / name)
    return tmp_path


def test_a_process_of_its_own_is_refused_like_this_one() -> None:
    assert line_of(lingjun("rnu")).startswith("No such command 'rnu'. Did you mean 'run'? (see lingjun --help")
    assert line_of(lingjun("web", "payroll")).startswith("这里没有名为“payroll”的服务")


def test_an_image_has_the_commands_of_its_service_only(image: Path) -> None:
    settings = settings_of("portal", image)
    assert line_of(lingjun("web", "intake", folder=image)) == "这里没有名为“intake”的服务，请改为 portal 之一。"
    for command, module in (("run", "services.run"), ("demo", "services.demo.command")):
        expected = f"这里没有安装 {module}：请在完整的源代码目录中运行这条命令。"
        assert line_of(lingjun(command, folder=image)) == expected
    assert line_of(lingjun("replay", "--data", "data", folder=image)).startswith("这里没有安装 services.standalone：")
    assert lingjun("migrate", "portal", settings=settings, folder=image)[0] == 0
    assert lingjun("first-account", settings=settings, folder=image)[1].startswith("/welcome/")


def test_a_module_that_is_missing_is_refused_but_not_a_fault_in_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NotFound, match=r"tests\.nothing\.command"):
        load("tests.nothing.command")
    (tmp_path / "present_here.py").write_text("import nothing_of_this_name\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="nothing_of_this_name"):
        load("present_here")
