"""A demo whose server is killed while applications come in resumes with `--resume`; its whole summary holds."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

from tests.journeys.installations import ROOT
from tests.servers.processes import free_port

SEED = 3  # test_programme.py plays 1 and 2


def start_demo(data: Path, *more: str) -> "subprocess.Popen[str]":
    command = [
        sys.executable,
        "-u",
        "-m",
        "services",
        "demo",
        "--data",
        str(data),
        "--seed",
        str(SEED),
        "--exit",
        *more,
    ]
    return subprocess.Popen([*command, "--port", str(free_port())], cwd=ROOT, text=True, stdout=subprocess.PIPE)


def count_accepted(data: Path) -> int:
    """Return the number of applications that intake has accepted so far."""
    try:
        with sqlite3.connect(f"file:{data / 'intake.db'}?mode=ro", uri=True) as intake:
            return int(intake.execute("SELECT count(*) FROM application").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


def test_a_demo_whose_server_is_killed_resumes_to_a_summary_without_failures(tmp_path: Path) -> None:
    data = tmp_path / "demo"
    demo = start_demo(data)
    while count_accepted(data) < 25:
        assert demo.poll() is None
        time.sleep(0.05)
    (server_pid,) = map(int, Path(f"/proc/{demo.pid}/task/{demo.pid}/children").read_text().split())
    os.kill(server_pid, signal.SIGKILL)
    output, _ = demo.communicate()
    assert (demo.returncode, "接着演示:make demo ARGS=--resume" in output) == (1, True)
    assert count_accepted(data) < 100
    resumed = start_demo(data, "--resume")
    output, _ = resumed.communicate()
    assert [line for line in output.splitlines() if line.startswith("✗")] == []
    assert (resumed.returncode, "0 failed" in output) == (0, True)
