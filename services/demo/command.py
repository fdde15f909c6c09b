"""`lingjun demo`: start a standalone server, play the programme in it, and print the reconciled summary."""

import json
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from rich.console import Console

from services.demo.player.clients import Stage, UnexpectedResponse
from services.demo.player.office import invented_password
from services.demo.player.play import FIRST_MOMENT, play
from services.demo.staff import staff
from shared.foundation.errors import Conflict
from shared.wiring.registry import SERVICES

START_SECONDS = 60
_LINK = re.compile(r"/welcome/[\w-]+")
# Never wrap lines: users copy the output, above all the one-time link.
console = Console(highlight=False, soft_wrap=True)


def demo(data: Path, *, port: int, seed: int, ends: bool, resume: bool) -> int:
    """Play the demo. Return 0 if every line of the summary holds, 1 if a line fails or the play was interrupted.

    Serves until Ctrl-C, unless `ends`. Raises Conflict if `data` is not a demo's or its server does not start.
    """
    if not resume:
        _clear_folder(data)
    passwords = _passwords(data)
    with _standalone_server(data, port) as (process, first_link):
        address = f"http://127.0.0.1:{port}"
        stage = Stage(dict.fromkeys(SERVICES, address), passwords, data / "mail")
        notes = data / "player.json"
        try:
            lines = play(stage, seed=seed, first_link=first_link, notes=notes, console=console)
        except (httpx.TransportError, UnexpectedResponse, TimeoutError) as error:
            console.print(f"演示中断:{error}", style="bold red")
            console.print(f"已受理的都在 {data};接着演示:make demo ARGS=--resume")
            return 1
        for line in lines:
            console.print(f"[{'green' if line.holds else 'red'}]{'✓' if line.holds else '✗'}[/] {line.text}")
        failed = [line for line in lines if not line.holds]
        console.print(
            f"{len(lines) - len(failed)} passed, {len(failed)} failed", style="bold red" if failed else "bold green"
        )
        if not ends:
            console.print(f"{address}  账号与口令:{data / 'passwords.json'}  (Ctrl-C 停止)")
            process.wait()
    return 1 if failed else 0


def _clear_folder(data: Path) -> None:
    """Remove the data of an earlier demo. Raises Conflict if `data` is not a demo's: never remove other data."""
    if data.exists():
        mode = data / "mode"
        if not mode.exists() or mode.read_text() != "demo":
            raise Conflict(f"{data} 不是演示数据目录,不会清空;请用 --data 另选目录。", code="not-a-demo")
        shutil.rmtree(data)


def _passwords(data: Path) -> dict[str, str]:
    """Return each account's password. The first call generates and stores them, readable by the owner only."""
    file = data / "passwords.json"
    if not file.exists():
        data.mkdir(parents=True, exist_ok=True)
        (data / "mode").write_text("demo")
        file.touch(mode=0o600)
        file.write_text(json.dumps({account.account: invented_password() for account in staff()}, indent=1))
    passwords: dict[str, str] = json.loads(file.read_text())
    return passwords


@contextmanager
def _standalone_server(data: Path, port: int) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """Run a standalone server in its own process until the block ends.

    Yields the process and the one-time link of the first account; the link is empty if an account exists.
    """
    # By default SIGTERM would end this process at once and leave the server running.
    # sys.exit leaves the block instead, as Ctrl-C does.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    command = [sys.executable, "-m", "services", "run", "--data", str(data), "--port", str(port)]
    process = subprocess.Popen(
        [*command, "--demo-from", FIRST_MOMENT.isoformat()], stdout=subprocess.PIPE, text=True, bufsize=1
    )
    try:
        yield process, _await_welcome(process)
    except KeyboardInterrupt:
        console.print("已停止。")
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def _await_welcome(process: "subprocess.Popen[str]") -> str:
    """Read the server's output until it is ready. Return the one-time link, or "" if an account exists."""
    assert process.stdout is not None
    for line in process.stdout:
        console.print(line.rstrip(), style="dim")
        if found := _LINK.search(line):
            return found[0]
        if "已就绪" in line:
            return ""
    raise Conflict("演示系统没有启动,原因见上。", code="house-did-not-start")
