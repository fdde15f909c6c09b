"""`python -m services.demo`: starts an embedded house beside itself, plays the programme in it, and says what reconciled."""

import argparse
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

from services.demo.player.clients import Stage, Unexpected
from services.demo.player.office import invented_password
from services.demo.player.play import FIRST_MOMENT, play
from services.demo.staff import staff
from shared.foundation.errors import Conflict, Refusal

START_SECONDS = 60
_LINK = re.compile(r"/welcome/[\w-]+")
# Never wrapped: what is printed is copied, the one-time link above all.
console = Console(highlight=False, soft_wrap=True)


def main() -> int:
    """Runs the command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m services.demo", description="领军: the 2021 programme, played")
    parser.add_argument("--data", type=Path, default=Path("var/demo"))
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--exit", action="store_true", help="end after the summary")
    parser.add_argument("--resume", action="store_true", help="go on with a demo that was killed")
    try:
        return run(parser.parse_args())
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return 2


def run(given: argparse.Namespace) -> int:
    """Plays; 0 when every line of the summary reconciled, 1 when one did not or the story broke off."""
    if not given.resume:
        _clear(given.data)
    passwords = _passwords(given.data)
    with _house(given.data, given.port) as (process, first_link):
        address = f"http://127.0.0.1:{given.port}"
        names = ("portal", "intake", "review", "scheduling", "billing")
        stage = Stage(dict.fromkeys(names, address), passwords, given.data / "mail")
        notes = given.data / "player.json"
        try:
            lines = play(stage, seed=given.seed, first_link=first_link, notes=notes, console=console)
        except (httpx.TransportError, Unexpected, TimeoutError) as fault:
            console.print(f"演示中断:{fault}", style="bold red")
            console.print(f"已受理的都在 {given.data};接着演示:make demo ARGS=--resume")
            return 1
        for line in lines:
            console.print(f"[{'green' if line.holds else 'red'}]{'✓' if line.holds else '✗'}[/] {line.text}")
        red = [line for line in lines if not line.holds]
        console.print(f"{len(lines) - len(red)} passed, {len(red)} failed", style="bold red" if red else "bold green")
        if not given.exit:
            console.print(f"{address}  账号与口令:{given.data / 'passwords.json'}  (Ctrl-C 停止)")
            process.wait()
    return 1 if red else 0


def _clear(data: Path) -> None:
    """Begins anew. Only a demo's folder is ever removed."""
    if data.exists():
        mode = data / "mode"
        if not mode.exists() or mode.read_text() != "demo":
            raise Conflict(f"{data} 不是演示数据目录,不会清空;请用 --data 另选目录。", code="not-a-demo")
        shutil.rmtree(data)


def _passwords(data: Path) -> dict[str, str]:
    """Everybody's password, invented once and kept beside the demo's data, readable by the owner alone."""
    kept = data / "passwords.json"
    if not kept.exists():
        data.mkdir(parents=True, exist_ok=True)
        (data / "mode").write_text("demo")
        kept.touch(mode=0o600)
        kept.write_text(json.dumps({one.account: invented_password() for one in staff()}, indent=1))
    found: dict[str, str] = json.loads(kept.read_text())
    return found


@contextmanager
def _house(data: Path, port: int) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """A house in a process of its own, ended with the block; yields the link of the first account, empty if there is one."""
    # A signal would end this process at once, and leave the house behind; so it leaves the block, as Ctrl-C does.
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
    """Reads the house's first lines: that it is open, and the link while there is no account."""
    assert process.stdout is not None
    for line in process.stdout:
        console.print(line.rstrip(), style="dim")
        if found := _LINK.search(line):
            return found[0]
        if "已就绪" in line:
            return ""
    raise Conflict("演示系统没有启动,原因见上。", code="house-did-not-start")


if __name__ == "__main__":
    sys.exit(main())
